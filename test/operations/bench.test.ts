import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

interface Row {
  id: string;
  part: string;
  figures: Record<string, number>;
}

const BENCH = fileURLToPath(new URL('../../bench/bench.mjs', import.meta.url));
const PARTS = ['start', 'requests', 'replies', 'first', 'long', 'streams', 'many-streams', 'growth'];

let folder: string;
let result: { machine: Record<string, unknown>; rows: Row[] };
let printed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-smoke-'));
  const { stdout } = await execa(process.execPath, [BENCH, '--smoke', '--folder', folder, '--name', 'smoke']);
  printed = stdout;
  result = JSON.parse(await readFile(join(folder, 'smoke.json'), 'utf8')) as typeof result;
}, 480_000);

afterAll(() => (folder === undefined ? undefined : rm(folder, { recursive: true, force: true })));

describe('the benchmark, with small numbers', () => {
  it('has a finite figure in each row of each part', () => {
    expect([...new Set(result.rows.map(({ part }) => part))]).toEqual(PARTS);
    const unmeasured = result.rows.filter(({ figures }) => {
      const values = Object.values(figures);
      return values.length === 0 || !values.every((value) => Number.isFinite(value));
    });
    expect(unmeasured).toEqual([]);
  });

  it('measures product and baselines in one run', () => {
    const sides = (id: string) => Object.keys(result.rows.find((row) => row.id === id)?.figures ?? {}).sort();
    for (const operation of ['list', 'read', 'send'])
      for (const row of ['rate', 'full.cpu', 'p99'])
        expect(sides(`${operation}.${row}`)).toEqual(['bare', 'necessary', 'product']);
  });

  it('says of which machine the figures are, and prints them', () => {
    expect(Object.keys(result.machine)).toEqual(
      expect.arrayContaining([
        'date',
        'commit',
        'processor',
        'cores',
        'memoryGib',
        'node',
        'postgresql',
        'redis',
        'loadAtStart',
      ]),
    );
    expect(printed).toContain('Message with answer, full speed: processor time, ms');
  });

  it('writes a page that needs nothing else', async () => {
    const page = await readFile(join(folder, 'smoke.html'), 'utf8');
    expect(page).toContain('<svg');
    expect(page).not.toMatch(/(?:src|href)=/);
  });

  it('compares two results', async () => {
    const file = join(folder, 'smoke.json');
    const { stdout } = await execa(process.execPath, [BENCH, '--compare', file, file]);
    expect(stdout).toMatch(/List, full speed, requests\/s.* 1\.00/);
  });
});
