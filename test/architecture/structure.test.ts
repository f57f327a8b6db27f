import { crowdedFolders, filesWithoutRole, MAX_FILES } from '../../scripts/checks/structure.mjs';
import { root } from './planted-tree.js';
import { readSources, type SourceFile } from '../../scripts/checks/source-files.mjs';

const injected = (path: string, decorator = '@Injectable()'): SourceFile => ({
  path,
  text: `/** What it is. */\n${decorator}\nexport class Planted {}\n`,
});

const plain = (path: string): SourceFile => ({ path, text: 'export const value = 1;\n' });

const folderOf = (count: number, suffix = '.ts'): SourceFile[] =>
  Array.from({ length: count }, (_, number) => plain(`libs/auth/src/otp/planted-${number}${suffix}`));

describe('a file with a class that Nest injects', () => {
  it.each([
    injected('libs/auth/src/otp/planted.ts'),
    injected('libs/auth/src/otp/planted.manager.ts'),
    injected('libs/auth/src/otp/planted-service.ts'),
    injected('apps/api/src/planted.ts', "@Controller('planted')"),
    injected('apps/worker/src/planted.ts', "@Processor('planted', { autorun: false })"),
    injected('libs/platform/src/problem/planted.ts', '@Catch()'),
    injected('libs/auth/src/otp/vendor.planted.ts'),
  ])('is reported without its role: $path', (file) => {
    expect(filesWithoutRole([file])).toEqual([file.path]);
  });

  it.each([
    injected('libs/auth/src/otp/planted.service.ts'),
    injected('libs/auth/src/otp/planted.service.spec.ts'),
    injected('libs/auth/src/otp/planted.test.ts'),
    plain('libs/auth/src/otp/planted.ts'),
  ])('is not reported: $path', (file) => {
    expect(filesWithoutRole([file])).toEqual([]);
  });

  it('may be the adapter of a port', () => {
    const files = [plain('libs/auth/src/otp/planted.port.ts'), injected('libs/auth/src/otp/vendor.planted.ts')];
    expect(filesWithoutRole(files)).toEqual([]);
  });

  it('names its role everywhere in the product', async () => {
    const files = await readSources(root, ['libs', 'apps/admin', 'apps/api', 'apps/worker'], /\.ts$/);
    expect(filesWithoutRole(files)).toEqual([]);
    // Nothing to find and nothing read would look the same.
    expect(files.length).toBeGreaterThan(200);
  });
});

describe('a folder', () => {
  it(`is reported with more than ${MAX_FILES} source files`, () => {
    expect(crowdedFolders(folderOf(MAX_FILES + 1))).toEqual(['libs/auth/src/otp']);
    expect(crowdedFolders([...folderOf(MAX_FILES), ...folderOf(1, '.mjs')])).toEqual(['libs/auth/src/otp']);
  });

  it('may have tests besides, and files that are no source', () => {
    const others = ['.spec.ts', '.int-spec.ts', '.test.ts', '.json'].flatMap((suffix) => folderOf(MAX_FILES, suffix));
    expect(crowdedFolders([...folderOf(MAX_FILES), ...others])).toEqual([]);
  });

  it('is small enough everywhere', async () => {
    const files = await readSources(root, ['libs', 'apps', 'scripts', 'bench', 'prisma', 'test'], /\.(?:ts|mjs)$/);
    expect(crowdedFolders(files)).toEqual([]);
  });
});
