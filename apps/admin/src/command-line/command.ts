import type { INestApplicationContext } from '@nestjs/common';
import type { Report } from './report.js';

/** Why a command did nothing, as an exit code. */
export const EXIT = {
  /** Something that is needed is out of reach, or a fault of ours. */
  failed: 1,
  /** The command line is not one that there is. */
  usage: 2,
  /** There is no such user, reply or model. */
  notFound: 3,
  /** What is there doesn't allow it: a reply is finished, a user not blocked. */
  notPossible: 4,
} as const;

/** Ends a command without success. */
export class CommandError extends Error {
  constructor(
    readonly exit: keyof typeof EXIT,
    message: string,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

/** An option of a command. */
export interface CommandOption {
  /** What stands behind it in the help, such as `DAYS`; null: it takes no value. */
  value: string | null;
  meaning: string;
}

/** The options as they were given. */
export type GivenOptions = Readonly<Record<string, string | boolean | undefined>>;

/** What a command works with. */
export interface CommandContext {
  app: INestApplicationContext;
  /** As many as the command has parameters. */
  parameters: readonly string[];
  options: GivenOptions;
  /** The name for the audit trail; empty for a command that changes nothing. */
  operator: string;
}

/** One command. */
export interface Command {
  /** The words by which it is called, such as `user block`. */
  name: string;
  /** What has to follow them, such as `id`. */
  parameters: readonly string[];
  /** What it does, in a line. */
  summary: string;
  /** What there is to know before it is used. */
  explanation?: string;
  options?: Readonly<Record<string, CommandOption>>;
  /** `something` is in the audit trail, and needs an operator's name; before what is `drastic` the operator is asked. */
  changes: 'nothing' | 'something' | 'drastic';
  /** The options without which it only shows. Unless given it always changes. */
  changesWith?: readonly string[];
  /** @throws CommandError */
  run(context: CommandContext): Promise<Report>;
}

/** The text of an option that takes one; null: it was not given. */
export const textOf = (options: GivenOptions, name: string): string | null => {
  const value = options[name];
  return typeof value === 'string' ? value : null;
};

/**
 * The whole number of an option; null: it was not given.
 *
 * @throws CommandError when it is none from 1 to `max`
 */
export function numberOf(options: GivenOptions, name: string, max: number): number | null {
  const text = textOf(options, name);
  if (text === null) return null;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
  throw new CommandError('usage', `--${name} takes a whole number from 1 to ${max}`);
}
