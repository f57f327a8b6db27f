import { execa } from 'execa';
import type { CodeBlock } from './markdown.js';

/** A command of a page, on one line. */
export interface Command {
  text: string;
  /** The line of its block's beginning. */
  line: number;
}

/** What a command has printed, and how it ended. */
export interface Ran {
  output: string;
  exitCode: number | undefined;
}

/** The commands of a block, without comments; one over several lines is one. */
export const commandsOf = ({ text, line }: CodeBlock): Command[] =>
  text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((each) => each.replace(/(?:^|\s+)#\s.*$/, '').trim())
    .filter((each) => each !== '')
    .map((each) => ({ text: each, line }));

const ASSIGNMENT = /^(?:export .*|[A-Z_]+=(?:'[^']*'|"[^"]*"|\S*))$/;

/** A shell that keeps what its commands assign and export, as a terminal does. */
export class Terminal {
  private readonly assignments: string[] = [];

  /** @param folder in which commands run @param env what they know besides the machine's own environment */
  constructor(
    private readonly folder: string,
    private readonly env: Record<string, string> = {},
  ) {}

  /** Runs one to its end. A second is enough for each, some on a busy machine; a minute means that something hangs. */
  async run(command: string): Promise<Ran> {
    const isAssignment = ASSIGNMENT.test(command);
    if (isAssignment) this.assignments.push(command);
    const script = [...this.assignments, ...(isAssignment ? [] : [command])].join('\n');
    const { all = '', exitCode } = await execa('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: this.folder,
      env: { ...this.env, CURL_HOME: this.folder },
      all: true,
      reject: false,
      timeout: 60_000,
    });
    return { output: all, exitCode };
  }
}
