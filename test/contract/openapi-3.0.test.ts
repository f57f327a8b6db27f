import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type Stack, startStack } from '../support/stack.js';
import { ApiDescription } from './description.js';
import { lint } from './lint.js';

const PATH = '/openapi-3.0.json';

describe("the API's description in OpenAPI 3.0", () => {
  let stack: Stack;
  let document: OpenAPIObject;

  beforeAll(async () => {
    stack = await startStack({ workers: 0, sandbox: false });
    document = (await stack.http.get<OpenAPIObject>(PATH)).body;
  }, 120_000);
  afterAll(() => stack?.stop());

  it('is served to everybody, by GET and HEAD alone', async () => {
    const { status, headers } = await stack.http.send('HEAD', PATH);
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('application/json')]);
    const refused = await stack.http.post(PATH, {});
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect((await stack.http.get('/openapi-3x0.json')).status).toBe(404);
  });

  it('passes the recommended rules of a linter for OpenAPI 3.0 without a warning', async () => {
    expect(document.openapi).toMatch(/^3\.0\./);
    const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
    const file = join(folder, 'openapi-3.0.json');
    writeFileSync(file, JSON.stringify(document));
    const { totals, problems } = lint(file);
    await rm(folder, { recursive: true });
    expect(problems.map(({ message }) => message)).toEqual([]);
    expect(totals).toMatchObject({ errors: 0, warnings: 0 });
  }, 120_000);

  it('says the same as the one in OpenAPI 3.1', () => {
    const same = translateBack(document) as OpenAPIObject;
    expect({ ...same, openapi: '3.1.0' }).toEqual(translateBack(new ApiDescription().document));
  });
});

/** A document with what differs between the versions in the form of 3.1; one of 3.1 stays as it is. */
function translateBack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(translateBack);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, examples, ...others } = value as Record<string, unknown>;
  const translated = Object.fromEntries(Object.entries(others).map(([key, each]) => [key, translateBack(each)]));
  if (nullable === true) {
    translated['type'] = [translated['type'], 'null'];
    // In 3.0 `nullable` alone says that an enum has null.
    if (Array.isArray(translated['enum'])) translated['enum'] = [...(translated['enum'] as unknown[]), null];
  }
  // Of several examples of a schema 3.0 takes the first.
  if (Array.isArray(examples)) translated['example'] = examples[0];
  else if (examples !== undefined) translated['examples'] = translateBack(examples);
  return translated;
}
