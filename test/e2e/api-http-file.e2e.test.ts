import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Stack, startStack } from '../support/stack.js';

const FILE = new URL('../../docs/api.http', import.meta.url);

/** One request of the file, with its variables still in it. */
interface FileRequest {
  title: string;
  /** Later requests name its answer by this; null if none does. */
  name: string | null;
  line: string;
  headers: string[];
  body: string;
}

/** The requests of an .http file, in their order. */
function parse(text: string): FileRequest[] {
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [head = '', ...rest] = section.trim().split('\n\n');
      const body = rest.join('\n\n');
      const [title = '', ...lines] = head.split('\n');
      const [line = '', ...headers] = lines.filter((each) => !each.startsWith('#'));
      return { title, name: /^# @name (\w+)$/m.exec(head)?.[1] ?? null, line, headers, body };
    });
}

/** Puts answers and variables in the place of their names. */
function resolve(text: string, answers: Map<string, unknown>): string {
  return text
    .replaceAll('{{$guid}}', () => randomUUID())
    .replace(/\{\{(\w+)(?:\.response\.body\.\$\.([\w.]+))?\}\}/g, (_, name: string, path?: string) => {
      const steps = path?.split('.') ?? [];
      const value = steps.reduce((object, step) => (object as Record<string, unknown>)[step], answers.get(name));
      if (typeof value !== 'string') throw new Error(`{{${name}}} has no ${path ?? 'value'}.`);
      return value;
    });
}

/** A body as editors send it: the lines of one that has parts end as those of HTTP do. */
const linesOf = (body: string, headers: string[]): string =>
  headers.some((header) => header.startsWith('Content-Type: multipart/')) ? body.replaceAll('\n', '\r\n') : body;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 120_000);

afterAll(() => stack?.stop());

describe('docs/api.http', () => {
  it('walks through the API without a refusal', async () => {
    const text = readFileSync(FILE, 'utf8');
    const phone = /^@phone = (.*)$/m.exec(text)?.[1];
    const answers = new Map<string, unknown>([
      ['host', stack.url],
      ['phone', phone],
    ]);
    const outcomes: string[] = [];
    for (const { title, name, line, headers, body } of parse(text)) {
      const [method = '', url = ''] = resolve(line, answers).split(' ');
      const response = await fetch(url, {
        method,
        headers: headers.map((header) => resolve(header, answers).split(': ') as [string, string]),
        ...(body ? { body: linesOf(resolve(body, answers), headers) } : {}),
      });
      const answer = await response.text();
      if (name !== null) answers.set(name, JSON.parse(answer));
      if (!response.ok) outcomes.push(`${title}: ${response.status} ${answer}`);
    }
    expect(outcomes).toEqual([]);
    expect(answers.size).toBeGreaterThan(5);
  });
});
