/** A command that was documented with what it answers. */
export interface Exchange {
  command: string;
  answer: string;
}

/** The exchanges of a block: commands stand behind `$ `. */
export function exchangesOf(text: string): Exchange[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split(/^\$ /m)
    .filter((each) => each.trim() !== '')
    .map((each) => {
      const [command = '', ...answer] = each.split('\n');
      return { command, answer: answer.join('\n').trim() };
    });
}

/** Values that differ in each run, and pieces of text; of others the documented value is the one that comes. */
const VARIES = /(?:^id|^text|Id|[oO]tp|Token|Url|At|In|instance|periodEnd|resetsAt)$/;

const PAIR = /"(\w+)":\s*("(?:[^"\\]|\\.)*"|[\w.-]+|[[{])/g;

interface Pair {
  key: string;
  /** The JSON text. Of an object or list its bracket alone. */
  value: string;
}

const pairsOf = (text: string): Pair[] =>
  Array.from(text.matchAll(PAIR), ([, key = '', value = '']) => ({ key, value }));

/** The documented values that vary, and what they are in this run. */
export class Translation {
  private readonly values = new Map<string, string>();

  /** A documented command with this run's values. */
  apply(command: string): string {
    return [...this.values].reduce((text, [documented, own]) => text.replaceAll(documented, own), command);
  }

  /**
   * Compares an answer with the documented one, in which `…` stands for what is left out, and learns the values that vary.
   *
   * @returns what is documented and doesn't come
   */
  learn(documented: string, actual: string): string[] {
    const remaining = pairsOf(actual);
    const missing = pairsOf(documented).filter((pair) => !this.find(pair, remaining));
    const lines = documented.split('\n').filter((line) => /^(?:HTTP|[\w-]+: )/.test(line) && !line.startsWith('data:'));
    const actualLines = actual.split('\n').map((line) => line.trim());
    return [
      ...missing.map(({ key, value }) => `"${key}":${value}`),
      ...lines.filter((line) => !actualLines.some((own) => beginOf(own) === beginOf(line))),
    ];
  }

  /** Takes the pair, and all before it, out of those that remain. */
  private find({ key, value }: Pair, remaining: Pair[]): boolean {
    const index = remaining.findIndex((pair) => pair.key === key && (VARIES.test(key) || pair.value === value));
    if (index === -1) return false;
    const [found] = remaining.splice(0, index + 1).slice(-1);
    if (VARIES.test(key) && value.length > 6) this.values.set(unquoted(value), unquoted(found?.value ?? ''));
    return true;
  }
}

const unquoted = (json: string): string => json.replaceAll(/^"|"$/g, '');

/** The name of a header or of an event's field, with the name of an event. */
const beginOf = (line: string): string => (/^(?:event: \w+|HTTP\S* \d+|[\w-]+:)/.exec(line)?.[0] ?? line).toLowerCase();
