import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

export const root = join(import.meta.dirname, '../..');

/** What the import gate looks at; `npm run check` uses the same list. */
const importGate = ['--config', 'dependency-cruiser.config.mjs', 'apps', 'libs', 'prisma', 'scripts', 'test', 'bench'];

/** A file that breaks a rule. */
export interface Plant {
  /** The rule that must report it. */
  rule: string;
  /** Where it grows. */
  file: string;
  source: string;
}

interface CruiseOutput {
  summary: { violations: { rule: { name: string }; from: string }[] };
}

interface LintOutput {
  filePath: string;
  messages: { ruleId: string | null }[];
}

/** What the linter and the import gate are told by. */
const SETTINGS = ['package.json', 'tsconfig.json', 'dependency-cruiser.config.mjs', 'eslint.config.mjs'];

/** What the project consists of. */
const SOURCES = ['apps', 'libs', 'prisma', 'scripts', 'test', 'bench', 'plans.json', 'plans.schema.json'];

/** A temporary copy of the project in which a test may break rules. */
export class PlantedTree {
  private constructor(private readonly folder: string) {}

  /** The plants among the project's own files. */
  static create(plants: Plant[]): Promise<PlantedTree> {
    return PlantedTree.plant(plants, [...SOURCES, ...SETTINGS]);
  }

  /** The plants alone, under the project's settings: for rules that look at one file, so that no others have to be read. */
  static createBare(plants: Plant[]): Promise<PlantedTree> {
    return PlantedTree.plant(plants, SETTINGS);
  }

  private static async plant(plants: Plant[], copied: string[]): Promise<PlantedTree> {
    const folder = await mkdtemp(join(tmpdir(), 'planted-'));
    for (const path of copied) await cp(join(root, path), join(folder, path), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const { file, source } of plants) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), source);
    }
    return new PlantedTree(folder);
  }

  /** The rules that the import gate reports, by the file that breaks them. */
  async brokenImports(): Promise<Map<string, string[]>> {
    const { summary } = await this.run<CruiseOutput>('depcruise', ['--output-type', 'json', ...importGate]);
    return grouped(summary.violations.map(({ from, rule }) => [from, rule.name]));
  }

  /** The rules that the linter reports for some files, by file. */
  async lintErrors(files: string[]): Promise<Map<string, string[]>> {
    const results = await this.run<LintOutput[]>('eslint', ['--format', 'json', ...files]);
    return grouped(
      results.flatMap(({ filePath, messages }) =>
        messages.map(({ ruleId }) => [filePath.slice(this.folder.length + 1), ruleId ?? 'broken'] as const),
      ),
    );
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  private async run<Output>(command: string, args: string[]): Promise<Output> {
    const options = { cwd: this.folder, preferLocal: true, localDir: root, reject: false, timeout: 240_000 };
    const { stdout, stderr } = await execa(command, args, { ...options, maxBuffer: 64 * 1024 * 1024 });
    if (stdout === '') throw new Error(`${command} reported nothing: ${stderr}`);
    return JSON.parse(stdout) as Output;
  }
}

function grouped(pairs: (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}
