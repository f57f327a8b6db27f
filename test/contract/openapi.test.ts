import { spawnSync } from 'node:child_process';
import type { MediaTypeObject, ResponseObject } from '@nestjs/swagger';
import { packageCommand } from '../../scripts/node/package-command.mjs';
import { ApiDescription, DESCRIPTION_FILE, EVENT_STREAM, type Route } from './description.js';

const api = new ApiDescription();
const routes = api.routes.map((route) => [`${route.method} ${route.path}`, route] as const);

describe("the API's description", () => {
  it('is the one that the code makes', () => {
    const check = spawnSync(process.execPath, ['dist/apps/api/src/openapi/write-document.js', '--check'], {
      encoding: 'utf8',
    });
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  });

  it('passes the recommended rules of an OpenAPI 3.1 linter without a warning', () => {
    expect(api.document.openapi).toMatch(/^3\.1\./);
    const lint = spawnSync(
      process.execPath,
      [packageCommand('@redocly/cli', 'redocly'), 'lint', DESCRIPTION_FILE, '--format=json', '--max-problems=20'],
      {
        encoding: 'utf8',
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    );
    const { totals, problems } = JSON.parse(lint.stdout) as { totals: object; problems: { message: string }[] };
    expect(problems.map(({ message }) => message)).toEqual([]);
    expect(totals).toMatchObject({ errors: 0, warnings: 0 });
  });

  it('names every operation once, in plain words', () => {
    const ids = api.routes.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
  });

  it('has examples of properties that are what it describes', () => {
    for (const [name, schema] of Object.entries(api.document.components?.schemas ?? {})) {
      const properties = 'properties' in schema ? (schema.properties ?? {}) : {};
      for (const [property, { example }] of Object.entries(properties as Record<string, { example?: unknown }>)) {
        if (example === undefined) continue;
        const validate = api.schemaAt('components', 'schemas', name, 'properties', property);
        expect([name, property, validate(example), validate.errors]).toEqual([name, property, true, null]);
      }
    }
  });

  describe.each(routes)('of %s', (_, route) => {
    const { operation } = route;

    it('has a summary, and a tag that is explained', () => {
      expect(operation.summary).toBeTruthy();
      const explained = api.document.tags?.map(({ name }) => name);
      expect(explained).toEqual(expect.arrayContaining(operation.tags ?? ['none']));
    });

    it('says what success and every failure look like', () => {
      const responses = responsesOf(route);
      expect(responses.flatMap(([status, response]) => flawsOf(status, response))).toEqual([]);
      expect(responses.some(([status]) => status < 300)).toBe(true);
      expect(responses.some(([status]) => status === 404)).toBe(route.path.includes('{'));
    });

    it('has examples that are what it describes', () => {
      for (const [status, response] of responsesOf(route)) {
        for (const [mediaType, content] of Object.entries(response.content ?? {})) {
          if (!mediaType.endsWith('json') && mediaType !== EVENT_STREAM) continue;
          for (const example of examplesOf(content)) {
            expect([example, api.bodyFlawOf(route, status, mediaType, example)]).toEqual([example, '']);
          }
        }
      }
    });
  });
});

const responsesOf = (route: Route): [status: number, response: ResponseObject][] =>
  Object.keys(route.operation.responses).map((status) => [Number(status), api.responseOf(route, Number(status))!]);

const examplesOf = ({ example, examples }: MediaTypeObject): unknown[] => [
  ...(example === undefined ? [] : [example as unknown]),
  ...Object.values(examples ?? {}).map((each) => ('value' in each ? (each.value as unknown) : undefined)),
];

/** What the description of an answer lacks. */
function flawsOf(status: number, { description, headers, content }: ResponseObject): string[] {
  const types = Object.keys(content ?? {});
  const lacks = {
    'a description': !description,
    'the request id': headers?.['X-Request-Id'] === undefined,
    'problem details': status >= 400 && types.join() !== 'application/problem+json',
    'a body': status < 300 && status !== 204 && types.length === 0,
    'when to come back': status === 429 && headers?.['Retry-After'] === undefined,
    'how to authenticate': status === 401 && headers?.['WWW-Authenticate'] === undefined,
  };
  return Object.entries(lacks)
    .filter(([, lacking]) => lacking)
    .map(([what]) => `${status} lacks ${what}`);
}
