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
};

/** `npm run chaos` sets these for a long run. */
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 25);
const seed = Number(process.env['CHAOS_SEED'] ?? 1);
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
      const report = await runChaos({ seconds, seed, onProgress });
      const { accepted, refused, faults, calls, longestWaitMs } = report;
      process.stderr.write(`\n${JSON.stringify({ seed, accepted, refused, faults, calls, longestWaitMs })}\n`);
      expectKept(report);
      expect(report.accepted).toBeGreaterThan(seconds * 5);
      expect(soaking ? report.missedPoints : []).toEqual([]);
    },
    (seconds + 240) * 1_000,
  );
});

(soaking ? describe.skip : describe)('the oracle', () => {
  it('reports lost messages when the sweep enqueues nothing after workers and Redis have failed', async () => {
    const only = ['kill a worker', 'flush Redis'];
    const { verdict } = await runChaos({ seconds: 8, seed: 2, breakBuild: ['sweep'], only });
    expect(verdict.lost).not.toEqual([]);
  }, 180_000);

  it('reports a changed outcome or quota when a frozen worker may write after its lease was taken over', async () => {
    const { verdict } = await runChaos({ seconds: 12, seed: 3, breakBuild: ['attempt'], only: ['freeze a worker'] });
    expect(verdict.doubled.concat(verdict.ledger)).not.toEqual([]);
  }, 180_000);

  it('reports users with too many replies under way, and calls that are missing in the ledger, when claims and ends forget them', async () => {
    const only = ['limit a model'];
    const { verdict } = await runChaos({ seconds: 4, seed: 4, breakBuild: ['fairness', 'usage'], only });
    expect(verdict.unfair).toContainEqual(expect.stringContaining('calls at once'));
    expect(verdict.unfair).toContainEqual(expect.stringContaining('replies written at once'));
    expect(verdict.usage).toContainEqual(expect.stringMatching(/calls were made, \d+ are recorded/));
  }, 180_000);
});
