import type { Command, CommandOption } from './command.js';
import { COMMON_OPTIONS, optionsOf, usageOf, writtenAs } from './parse.js';

const aligned = (pairs: [string, string][]): string[] => {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

const optionLines = (options: Readonly<Record<string, CommandOption>>): string[] =>
  aligned(Object.entries(options).map(([name, { value, meaning }]) => [writtenAs(name, value), meaning]));

/** What there is. */
export const generalHelp = (commands: readonly Command[]): string =>
  [
    'The operators’ command line. "COMMAND --help" explains one. docs/admin.md has examples.',
    '',
    ...aligned(commands.map((command) => [usageOf(command), command.summary])),
    '',
    'Options of all:',
    ...optionLines(COMMON_OPTIONS),
    '',
    'Ends with 0 when it is done, 1 when something is out of reach, 2 for a wrong command line, 3 when there is no such thing,',
    '4 when the state of things does not allow it.',
    '',
  ].join('\n');

/** What one command does. */
export const commandHelp = (command: Command): string =>
  [
    `Usage: ${usageOf(command)}`,
    '',
    command.summary,
    ...(command.explanation === undefined ? [] : [command.explanation]),
    '',
    ...optionLines(optionsOf(command)),
    '',
  ].join('\n');
