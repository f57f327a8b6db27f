import { parseArgs } from 'node:util';
import { type Command, CommandError, type CommandOption, type GivenOptions } from './command.js';

/** Options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, CommandOption>> = {
  json: { value: null, meaning: 'Answer in JSON, for programs.' },
  help: { value: null, meaning: 'Explain the command, and do nothing.' },
};

/** Options of commands that change something. */
const CHANGE_OPTIONS: Readonly<Record<string, CommandOption>> = {
  as: { value: 'NAME', meaning: 'Who you are, for the audit trail. Without it: ADMIN_OPERATOR.' },
};

/** Options of commands before which the operator is asked. */
const DRASTIC_OPTIONS: Readonly<Record<string, CommandOption>> = {
  yes: { value: null, meaning: 'Do not ask first. Needed where no terminal is.' },
};

/** All options that a command takes. */
export const optionsOf = ({ options, changes }: Command): Readonly<Record<string, CommandOption>> => ({
  ...options,
  ...(changes === 'nothing' ? {} : CHANGE_OPTIONS),
  ...(changes === 'drastic' ? DRASTIC_OPTIONS : {}),
  ...COMMON_OPTIONS,
});

/** A command line that was understood. `command` null: general help is asked for. */
type CommandLine =
  { command: null } | { command: Command; parameters: string[]; options: GivenOptions; asksForHelp: boolean };

/**
 * Finds the command and reads what follows it.
 *
 * @param words as they were typed
 * @throws CommandError with what is wrong
 */
export function parseCommandLine(words: string[], commands: readonly Command[]): CommandLine {
  if (words.length === 0 || words[0] === '--help' || words[0] === 'help') return { command: null };
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => words[index] === word));
  if (command === undefined) {
    throw new CommandError(
      'usage',
      `There is no command "${words.slice(0, 2).join(' ')}". --help lists those that there are.`,
    );
  }
  const { values, positionals } = read(command, words.slice(command.name.split(' ').length));
  const asksForHelp = values['help'] === true;
  if (!asksForHelp && positionals.length !== command.parameters.length) {
    throw new CommandError('usage', `Usage: ${usageOf(command)}`);
  }
  return { command, parameters: positionals, options: values, asksForHelp };
}

/** How the command is written. */
export function usageOf(command: Command): string {
  const parameters = command.parameters.map((parameter) => ` <${parameter}>`).join('');
  const options = Object.entries(command.options ?? {}).map(([name, { value }]) => ` [${writtenAs(name, value)}]`);
  return `${command.name}${parameters}${options.join('')}`;
}

/** An option as it is typed. */
export const writtenAs = (name: string, value: string | null): string =>
  value === null ? `--${name}` : `--${name} ${value}`;

function read(command: Command, words: string[]): { values: GivenOptions; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(optionsOf(command)).map(([name, { value }]) => [
      name,
      { type: value === null ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({ args: words, options, allowPositionals: true });
  } catch (error) {
    throw new CommandError('usage', `${(error as Error).message}\nUsage: ${usageOf(command)}`);
  }
}
