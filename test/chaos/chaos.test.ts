import { type ChaosReport, runChaos } from './chaos-run.js';
import type { Verdict } from './oracle.js';

const KEPT: Verdict = {
  lost: [],
  doubled: [],
  disordered: [],
  wrong: [],
  inconsistent: [],
  ledger: [],
  unfair: [],
  starved: [],
  usage: [],
  edits: [],
  files: [],
  orphans: [],
};

/** `npm run chaos` sets these for a long run. */
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 20);
const seed = Number(process.env['CHAOS_SEED'] ?? 1);
const pooler = process.env['CHAOS_POOLER'] !== undefined;
const soaking = process.env['CHAOS_SECONDS'] !== undefined;

const onProgress = (line: string): void => {
  if (soaking) process.stderr.write(`\r${line}   `);
};

/** Prints the end of the logs when a guarantee was broken. */
function expectKept({ verdict, logs }: ChaosReport): void {
  if (Object.values(verdict).some((violations) => violations.length > 0)) process.stderr.write(logs().slice(-20_000));
  expect(verdict).toEqual(KEPT);
}

describe('while processes and services fail', () => {
  it(
    'every accepted message gets exactly one outcome, in order, users take turns, and all that is counted stays exact',
    async () => {
      const report = await runChaos({ seconds, seed, pooler, onProgress });
      const { accepted, edited, withFiles, uploaded, refused, faults, calls, longestWaitMs } = report;
      process.stderr.write(
        `\n${JSON.stringify({ seed, accepted, edited, withFiles, uploaded, refused, faults, calls, longestWaitMs })}\n`,
      );
      expectKept(report);
      expect(report.accepted).toBeGreaterThan(seconds * 5);
      expect(report.edited).toBeGreaterThan(seconds / 4);
      expect(report.withFiles).toBeGreaterThan(seconds / 4);
      expect(soaking ? report.missedPoints : []).toEqual([]);
    },
    (seconds + 240) * 1_000,
  );
});

/** Runs of builds without a guarantee. */
const BROKEN = {
  sweep: { seconds: 8, seed: 2, breakBuild: ['sweep'], only: ['kill a worker', 'flush Redis'] },
  attempt: { seconds: 12, seed: 3, breakBuild: ['attempt'], only: ['freeze a worker'] },
  counting: { seconds: 4, seed: 4, breakBuild: ['fairness', 'usage'], only: ['limit a model'] },
} satisfies Record<string, Parameters<typeof runChaos>[0]>;

(soaking ? describe.skip : describe)('the oracle', () => {
  const verdicts = new Map<string, Verdict>();

  beforeAll(async () => {
    const run = async ([name, options]: [string, Parameters<typeof runChaos>[0]]) =>
      verdicts.set(name, (await runChaos(options)).verdict);
    const { attempt, ...others } = BROKEN;
    // What a frozen worker may spoil depends on its pace, so that run has the machine for itself. The others mostly wait.
    await run(['attempt', attempt]);
    await Promise.all(Object.entries(others).map(run));
  }, 240_000);

  it('reports lost messages when the sweep enqueues nothing after workers and Redis have failed', () => {
    expect(verdicts.get('sweep')?.lost).not.toEqual([]);
  });

  it('reports a changed outcome or quota when a frozen worker may write after its lease was taken over', () => {
    const { doubled = [], ledger = [] } = verdicts.get('attempt') ?? {};
    expect(doubled.concat(ledger)).not.toEqual([]);
  });

  it('reports users with too many replies under way, and calls that are missing in the ledger, when claims and ends forget them', () => {
    const { unfair = [], usage = [] } = verdicts.get('counting') ?? {};
    expect(unfair).toContainEqual(expect.stringContaining('calls at once'));
    expect(unfair).toContainEqual(expect.stringContaining('replies written at once'));
    expect(usage).toContainEqual(expect.stringMatching(/calls were made, \d+ are recorded/));
  });
});
