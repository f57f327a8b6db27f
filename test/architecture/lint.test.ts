import { type Plant, PlantedTree } from './planted-tree.js';

const at = (rule: string, file: string, source: string): Plant => ({ rule, file, source });

const plants = [
  at('no-restricted-properties', 'libs/auth/src/planted-environment.ts', 'export const port = process.env.PORT;\n'),
  at('no-console', 'libs/auth/src/planted-console.ts', "console.log('hello');\n"),
  at('no-restricted-syntax', 'libs/auth/src/planted-export-all.ts', "export * from './index.js';\n"),
  at('no-restricted-syntax', 'libs/auth/src/planted-enum.ts', 'export enum Plan {\n  basic,\n}\n'),
  at('no-restricted-imports', 'libs/auth/src/planted-forward-ref.ts', "export { forwardRef } from '@nestjs/common';\n"),
  at('no-restricted-imports', 'apps/worker/src/planted-secret.ts', "export { AUTH_CONFIG } from '@app/auth';\n"),
  at('@typescript-eslint/no-explicit-any', 'libs/auth/src/planted-any.ts', 'export const value = 1 as any;\n'),
  at('@typescript-eslint/no-floating-promises', 'libs/auth/src/planted-promise.ts', 'Promise.resolve(1);\n'),
  at('@typescript-eslint/no-floating-promises', 'scripts/planted-promise.mjs', 'Promise.resolve(1);\n'),
  at(
    'eslint-comments/require-description',
    'libs/auth/src/planted-silence.ts',
    '// eslint-disable-next-line no-var\nvar a = 1;\nexport { a };\n',
  ),
  at(
    '@typescript-eslint/ban-ts-comment',
    'libs/auth/src/planted-ignore.ts',
    "// @ts-expect-error\nexport const a: number = 'a';\n",
  ),
  at('no-warning-comments', 'libs/auth/src/planted-later.ts', '// TODO later\nexport const a = 1;\n'),
  at('check-file/filename-naming-convention', 'libs/auth/src/PlantedName.ts', 'export const a = 1;\n'),
  at('check-file/filename-blocklist', 'libs/auth/src/phone.utils.ts', 'export const a = 1;\n'),
  at('check-file/filename-blocklist', 'libs/auth/src/auth-helper.ts', 'export const a = 1;\n'),
  at('check-file/filename-blocklist', 'libs/platform/src/common/dates.ts', 'export const a = 1;\n'),
  at(
    'max-lines-per-function',
    'libs/auth/src/planted-screen.ts',
    `export function long() {\n${'  void 0;\n'.repeat(61)}}\n`,
  ),
  at(
    'jest/no-disabled-tests',
    'libs/auth/src/planted.spec.ts',
    "it.skip('works', () => {\n  expect(1).toBe(1);\n});\n",
  ),
  at('jest/expect-expect', 'test/e2e/planted.e2e.test.ts', "it('works', () => {});\n"),
];

describe('the linter', () => {
  let tree: PlantedTree;
  let errors: Map<string, string[]>;

  beforeAll(async () => {
    tree = await PlantedTree.createBare(plants);
    errors = await tree.lintErrors(plants.map(({ file }) => file));
  }, 300_000);

  afterAll(() => tree?.remove());

  it.each(plants)('reports $rule in $file', ({ rule, file }) => {
    expect(errors.get(file)).toContain(rule);
  });
});
