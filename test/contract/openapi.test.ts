import { spawnSync } from 'node:child_process';
import type { MediaTypeObject, ResponseObject, SchemaObject } from '@nestjs/swagger';
import { ApiDescription, DESCRIPTION_FILE, EVENT_STREAM, type Route } from './description.js';
import { lint } from './lint.js';

const api = new ApiDescription();
const routes = api.routes.map((route) => [`${route.method} ${route.path}`, route] as const);

describe("the API's description", () => {
  it('is the one that the code makes', () => {
    const check = spawnSync(process.execPath, ['dist/apps/api/src/openapi/write-document.js', '--check'], {
      encoding: 'utf8',
    });
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  }, 120_000);

  it('passes the recommended rules of an OpenAPI 3.1 linter without a warning', () => {
    expect(api.document.openapi).toMatch(/^3\.1\./);
    const { totals, problems } = lint(DESCRIPTION_FILE);
    expect(problems.map(({ message }) => message)).toEqual([]);
    expect(totals).toMatchObject({ errors: 0, warnings: 0 });
  }, 120_000);

  it('has forms that generators of every language take: references that stand alone, problems and events by name', () => {
    const { schemas = {}, responses = {} } = api.document.components ?? {};
    const text = JSON.stringify({ ...schemas, ReplyStreamEvent: undefined, responses, paths: api.document.paths });
    expect(text).not.toMatch(/"(?:allOf|anyOf|oneOf|not|const)":/);
    expect(text).not.toMatch(/"type":"null"|"\$ref":"[^"]*",/);
    for (const response of Object.values(responses) as ResponseObject[]) {
      expect(response.content?.['application/problem+json']?.schema).toEqual({
        $ref: expect.stringMatching(/^#\/components\/schemas\/[A-Za-z]+Problem$/),
      });
    }
    const events = (schemas['ReplyStreamEvent'] as SchemaObject).discriminator?.mapping ?? {};
    expect(Object.keys(events)).toEqual(['accepted', 'delta', 'thought', 'reset', 'sources', 'done']);
    expect(Object.values(events).map((event) => event.split('/').at(-1))).toEqual([
      'AcceptedEvent',
      'DeltaEvent',
      'ThoughtEvent',
      'ResetEvent',
      'SourcesEvent',
      'DoneEvent',
    ]);
  });

  it('says of the enums in answers that values may be added, and marks them', () => {
    const open = Object.entries(api.document.components?.schemas ?? {}).flatMap(([name, schema]) =>
      Object.entries('properties' in schema ? (schema.properties ?? {}) : {}).flatMap(([property, described]) =>
        'x-extensible-enum' in described ? [[`${name}.${property}`, described] as const] : [],
      ),
    );
    expect(open.map(([name]) => name).sort()).toEqual([
      'ChatroomResponse.thinking',
      'ConversationResponse.thinking',
      'MessageErrorResponse.code',
      'MessageResponse.role',
      'MessageResponse.status',
      'PriceResponse.interval',
      'ReadinessResponse.status',
      'SharedMessageResponse.role',
      'UsageResponse.purpose',
    ]);
    for (const [, described] of open) {
      expect(described).toMatchObject({ description: expect.stringContaining('Values may be added') });
      // There may be none, which is no value.
      expect('enum' in described && described.enum?.filter((value) => value !== null)).toEqual(
        (described as Record<string, unknown>)['x-extensible-enum'],
      );
    }
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
