import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import config, { FOLDERS } from '../../dependency-cruiser.config.mjs';
import { type Plant, PlantedTree, root } from './planted-tree.js';

const imports = (...names: string[]) => names.map((name) => `import '${name}';\n`).join('');
const breaks = (rule: string, file: string, ...names: string[]): Plant => ({ rule, file, source: imports(...names) });

const single = [
  breaks('contracts-imports', 'libs/contracts/src/planted.ts', '@app/platform'),
  breaks('contracts-are-plain', 'libs/contracts/src/planted-library.ts', 'bullmq'),
  breaks('platform-imports', 'libs/platform/src/clock/planted.ts', '@app/auth'),
  breaks('auth-imports', 'libs/auth/src/planted-upward.ts', '@app/subscription'),
  breaks('auth-imports', 'libs/auth/src/planted-far-upward.ts', '@app/chatroom'),
  breaks('subscription-imports', 'libs/subscription/src/planted.ts', '@app/chatroom'),
  breaks('file-imports', 'libs/file/src/planted.ts', '@app/chatroom'),
  breaks('chatroom-imports', 'libs/chatroom/src/planted.ts', '@app/gemini'),
  breaks('gemini-imports', 'libs/gemini/src/planted-auth.ts', '@app/auth'),
  breaks('nothing-imports-apps', 'libs/chatroom/src/planted-app.ts', '../../../apps/api/src/main.js'),
  breaks('nothing-imports-apps', 'apps/worker/src/planted-app.ts', '../../api/src/main.js'),
  breaks(
    'libs-only-by-their-index',
    'apps/api/src/planted-deep.ts',
    '../../../libs/platform/src/clock/system.clock.js',
  ),
  breaks('libs-only-by-their-index', 'test/e2e/planted-deep.ts', '../../libs/platform/src/clock/system.clock.js'),
  breaks('testing-exports-only-for-tests', 'apps/api/src/planted-testing.ts', '@app/platform/testing'),
  breaks('libs-only-by-their-alias', 'libs/auth/src/planted-path.ts', '../../platform/src/index.js'),
  breaks('no-lib-imports-its-own-index', 'libs/auth/src/planted-own-alias.ts', '@app/auth'),
  breaks('no-lib-imports-its-own-index', 'libs/auth/src/planted-own-path.ts', './index.js'),
  breaks('client-stands-alone', 'libs/client/src/planted-library.ts', 'uuid'),
  breaks('client-stands-alone', 'libs/client/src/replies/planted-node.ts', 'node:crypto'),
  breaks('client-stands-alone', 'libs/client/src/session/planted-lib.ts', '@app/contracts'),
  breaks('client-stands-alone', 'libs/client/src/planted-entry.ts', './react/index.js'),
  breaks('client-entries-have-one-peer', 'libs/client/src/react/planted-library.ts', 'ai'),
  breaks('client-entries-have-one-peer', 'libs/client/src/ai-sdk/planted-entry.ts', '../react/index.js'),
  breaks('sandbox-stands-alone', 'apps/sandbox/src/planted-lib.ts', '@app/contracts'),
  breaks('sandbox-stands-alone', 'apps/sandbox/src/planted-platform.ts', '@app/platform'),
  breaks('sandbox-stands-alone', 'apps/sandbox/src/planted-sdk.ts', 'stripe'),
  breaks('page-only-by-the-client', 'apps/web/src/planted-lib.ts', '@app/contracts'),
  breaks('page-bundles-its-own-packages', 'apps/web/src/planted-package.ts', 'uuid'),
  breaks('only-the-worker-has-gemini', 'libs/subscription/src/planted-gemini.ts', '@app/gemini'),
  breaks('api-never-reaches-gemini', 'apps/api/src/planted-reach.ts', './planted-step.js'),
  breaks('only-the-worker-has-gemini', 'apps/api/src/planted-step.ts', '@app/gemini'),
  breaks('gemini-sdk-in-one-adapter', 'libs/gemini/src/planted-sdk.ts', '@google/generative-ai'),
  breaks('gemini-sdk-in-one-adapter', 'libs/gemini/src/google/planted-sdk.ts', '@google/genai'),
  breaks('gemini-sdk-in-one-adapter', 'libs/gemini/src/google/genai.language-model.ts', '@google/generative-ai'),
  breaks('stripe-sdk-in-one-adapter', 'libs/subscription/src/planted-sdk.ts', 'stripe'),
  {
    rule: 'stripe-sdk-in-one-adapter',
    file: 'apps/api/src/planted-type.ts',
    source: "import type Stripe from 'stripe';\nexport type S = Stripe;\n",
  },
  breaks('s3-sdk-in-one-adapter', 'libs/file/src/store/planted-sdk.ts', '@aws-sdk/client-s3'),
  breaks('s3-sdk-in-one-adapter', 'apps/worker/src/planted-storage.ts', '@aws-sdk/lib-storage'),
  breaks('prisma-behind-the-platform', 'libs/auth/src/planted-prisma.ts', '@prisma/client'),
  breaks('no-cycles', 'libs/auth/src/planted-cycle-a.ts', './planted-cycle-b.js'),
  breaks('product-never-imports-tests', 'apps/api/src/planted-test.ts', '../../../test/architecture/planted-tree.js'),
  breaks('product-never-imports-tests', 'apps/sandbox/src/planted-test.ts', '../test/support/webhook-receiver.js'),
  breaks('product-needs-only-dependencies', 'libs/platform/src/clock/planted-dev.ts', 'execa'),
  breaks('product-needs-only-dependencies', 'libs/platform/src/clock/planted-package-of-the-sandbox.ts', 'qs'),
  breaks('product-needs-only-dependencies', 'apps/sandbox/src/planted-package-of-the-product.ts', 'bullmq'),
  breaks('no-unresolvable-imports', 'apps/api/src/planted-nowhere.ts', './nowhere.js'),
];

/** A file in each folder of a lib that imports its like in the next folder, which only that one may import. */
const upward = Object.entries(FOLDERS).flatMap(([lib, folders]) =>
  folders.slice(0, -1).map((folder, position) => {
    const target = `../${folders[position + 1]}/planted-folder.js`;
    return breaks(`${lib}-folders`, `libs/${lib}/src/${folder}/planted-folder.ts`, target);
  }),
);

/** What the last of these files import. */
const tops = Object.entries(FOLDERS).map(([lib, folders]) =>
  breaks(`${lib}-folders`, `libs/${lib}/src/${folders.at(-1)}/planted-folder.ts`),
);

const plants = [...single, ...upward];

/** The other half of the cycle, which is reported at its first file. */
const accomplice = breaks('no-cycles', 'libs/auth/src/planted-cycle-b.ts', './planted-cycle-a.js');

describe('imports', () => {
  let tree: PlantedTree;
  let broken: Map<string, string[]>;

  beforeAll(async () => {
    tree = await PlantedTree.create([...plants, ...tops, accomplice]);
    broken = await tree.brokenImports();
  }, 300_000);

  afterAll(() => tree?.remove());

  it.each(plants)('$rule catches $file', ({ rule, file }) => {
    expect(broken.get(file)).toContain(rule);
  });

  it('leave no rule unproved', () => {
    const rules = config.forbidden?.map(({ name }) => name) ?? [];
    expect(new Set(plants.map(({ rule }) => rule))).toEqual(new Set(rules));
  });

  it.each(Object.entries(FOLDERS))('have a place for every folder of %s', async (lib, folders) => {
    const entries = await readdir(join(root, 'libs', lib, 'src'), { withFileTypes: true });
    const found = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(found.sort()).toEqual([...folders].sort());
  });

  it('are an error and not a warning', () => {
    expect(config.forbidden?.filter(({ severity }) => severity !== 'error')).toEqual([]);
  });

  it('break no rule in the tree as it is, without what was planted', () => {
    const planted = new Set([...plants, ...tops, accomplice].map(({ file }) => file));
    expect([...broken].filter(([file]) => !planted.has(file))).toEqual([]);
  });
});
