/**
 * Looks for what keeps the process from ever working, and what waiting doesn't mend: a refused login, a wrong kind of server.
 *
 * @returns what is wrong, in a sentence that names the setting to change, never a value; null when nothing is, and when the
 *   dependency is out of reach: the process starts then, and waits for it
 */
export type StartCheck = () => Promise<string | null>;

/** The process must not start. The message says what is wrong with which dependency, and names the setting. */
export class StartRefusedError extends Error {
  /** @param problems one sentence for each */
  constructor(readonly problems: string[]) {
    super(`What it depends on is set up wrongly:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'StartRefusedError';
  }
}

/**
 * Runs all checks at the same time, before anything else of the process starts. Each check bounds its own time.
 * @throws StartRefusedError with the problems of all checks together
 */
export async function runStartChecks(checks: StartCheck[]): Promise<void> {
  const problems = await Promise.all(checks.map((check) => check()));
  const found = problems.filter((problem) => problem !== null);
  if (found.length > 0) throw new StartRefusedError([...new Set(found)]);
}
