import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../scripts/product/bundle.mjs';

const root = join(import.meta.dirname, '../..');

/** A guarantee of the reply engine that a test takes away. */
export type Breakage = keyof typeof PATCHES;

/** One replacement in a file of the build. */
export interface Patch {
  /** The compiled JavaScript, relative to the project's folder. */
  file: string;
  /** The text that is replaced. It has to be in the file exactly once. */
  find: string;
  replacement: string;
}

const STORE = 'dist/libs/gemini/src/replies/reply.store.js';

/** What each breakage changes in the compiled JavaScript, of which the bundles are made again. */
const PATCHES = {
  /** The sweep still finds due replies, but enqueues no job for them. */
  sweep: [
    {
      file: 'dist/libs/gemini/src/replies/reply-sweep.task.js',
      find: 'const overdue = await this.store.sweep();',
      replacement: 'await this.store.sweep();',
    },
  ],
  /** A worker extends and finishes a reply although another worker has a newer attempt or has finished it. */
  attempt: [
    {
      file: STORE,
      find: `AND reply.attempt = extension.attempt AND reply.status = 'generating'`,
      replacement: '',
    },
    {
      file: STORE,
      find: `AND reply.id = $1::uuid AND reply.attempt = $2::int AND reply.status = 'generating'`,
      replacement: 'AND reply.id = $1::uuid AND $2::int IS NOT NULL',
    },
  ],
  /** A claim doesn't mind how many replies of its user are being written. */
  fairness: [
    {
      file: 'dist/libs/gemini/src/claims/reply-claim-sql.js',
      find: 'cardinality(running.ids) < allowance.concurrent',
      replacement: 'true',
    },
  ],
  /** A reply that ends doesn't record what its model call used. */
  usage: [
    {
      file: 'dist/libs/gemini/src/replies/reply-settlement.service.js',
      find: 'this.store.finish(claim, final, reply.call)',
      replacement: 'this.store.finish(claim, final)',
    },
  ],
} satisfies Record<string, Patch[]>;

/** A temporary copy of the build without some of its guarantees. The product itself has no switch for that. */
export class BrokenBuild {
  private constructor(
    /** The folder that holds the copied `dist`. */
    readonly folder: string,
  ) {}

  /** @throws Error when the text of a patch isn't in its file exactly once */
  static async create(breakages: Breakage[]): Promise<BrokenBuild> {
    const folder = await mkdtemp(join(tmpdir(), 'chat-broken-'));
    const build = new BrokenBuild(folder);
    try {
      await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
      await cp(join(root, 'package.json'), join(folder, 'package.json'));
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      for (const patch of breakages.flatMap((breakage): Patch[] => PATCHES[breakage])) {
        const file = join(folder, patch.file);
        await writeFile(file, applyPatch(await readFile(file, 'utf8'), patch));
      }
      await bundle(['api', 'worker'], folder);
    } catch (error) {
      await build.remove();
      throw error;
    }
    return build;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

/** @throws Error unless the text is in the source exactly once */
export function applyPatch(source: string, { file, find, replacement }: Patch): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = source.split(find).length - 1;
    throw new Error(`${file} contains ${times} times instead of once: ${find}`);
  }
  return before + replacement + after;
}
