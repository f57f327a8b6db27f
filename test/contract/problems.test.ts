import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpClient } from '../support/http/http-client.js';
import { type Stack, startStack } from '../support/stack.js';
import { ApiDescription } from './description.js';

/** How an error of ours names its code: `new DomainError('code', 'invalid', …)`, or `super('code', …)` in a class of its own. */
const THROWN =
  /(?:super|new DomainError)\(\s*'([a-z_]+)',\s*'(?:invalid|unauthenticated|forbidden|not_found|conflict|unprocessable|limited|unavailable)'/g;

/** Codes that no operation declares, since they are answered where there is none. */
const WITHOUT_OPERATION = ['method_not_allowed', 'not_found'];

const sources = ['apps/api/src', 'libs'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!spec)\.ts$/.test(file) && !file.includes('generated'))
    .map((file) => readFileSync(join(folder, file), 'utf8')),
);

const thrown = new Set(sources.flatMap((source) => [...source.matchAll(THROWN)].map(([, code = '']) => code)));
const declared = new Set(new ApiDescription().problemCodes());

describe('the pages of problems', () => {
  let stack: Stack;
  let pages: string[];

  beforeAll(async () => {
    stack = await startStack({ workers: 0, sandbox: false });
    const { body } = await new HttpClient(stack.url).get<string>('/problems');
    pages = [...body.matchAll(/href="\/problems\/([^"]+)"/g)].map(([, code = '']) => code);
  }, 120_000);
  afterAll(() => stack?.stop());

  it('are there for every code that is thrown, and for every one that the description declares', () => {
    expect(thrown.size).toBeGreaterThan(20);
    const known = new Set(pages);
    expect([...thrown].filter((code) => !known.has(code))).toEqual([]);
    expect([...declared].filter((code) => !known.has(code))).toEqual([]);
  });

  it('are there for no other code', () => {
    expect(pages.filter((code) => !declared.has(code) && !WITHOUT_OPERATION.includes(code))).toEqual([]);
  });

  it('say what it means, whose fault it is, and what to do', async () => {
    for (const code of pages) {
      const { status, body } = await stack.http.get<string>(`/problems/${code}`);
      expect([code, status]).toEqual([code, 200]);
      expect(body).toContain(`<code>${code}</code>`);
      expect(body).toMatch(/Whose fault it is[^]*What to do/);
    }
  });
});

it('every code that is thrown is declared by an operation', () => {
  expect([...thrown].filter((code) => !declared.has(code))).toEqual([]);
});
