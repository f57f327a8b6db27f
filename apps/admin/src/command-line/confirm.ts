import { createInterface } from 'node:readline/promises';
import { type Command, CommandError } from './command.js';

/**
 * Asks before a drastic command.
 *
 * @param isYes whether `--yes` was given
 * @throws CommandError where the answer is another than `yes`, or there is no terminal to ask at
 */
export async function confirm(command: Command, parameters: readonly string[], isYes: boolean): Promise<void> {
  if (command.changes !== 'drastic' || isYes) return;
  const what = [command.name, ...parameters].join(' ');
  if (!process.stdin.isTTY) throw new CommandError('usage', `"${what}" needs --yes where no terminal is.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${command.summary}\n"${what}": type yes to go on: `);
    if (answer.trim().toLowerCase() !== 'yes') throw new CommandError('usage', 'Nothing was done.');
  } finally {
    terminal.close();
  }
}
