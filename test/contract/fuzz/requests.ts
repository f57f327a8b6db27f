import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ApiDescription, Route } from '../description.js';
import type { RawRequest } from './raw-client.js';
import { oddValue, type Schema, value } from './values.js';

/** Who asks. `owner` and `other` are two users; `unknown` sends no token, or one that is none. */
export type Caller = 'owner' | 'other' | 'unknown';

/** A request that stands for itself but for the ids and the token, which exist only while the product runs. */
export interface FuzzedRequest {
  caller: Caller;
  /** With `{name}` for each id, as described. */
  path: string;
  /** Whose ids are put in, or what instead. */
  ids: 'owner' | 'other' | 'unheard' | 'odd';
  oddId: string;
  query: string;
  method: string;
  headers: Record<string, string>;
  body: Buffer | null;
  authorization: string | null;
}

type Parameter = { in: string; name: string; schema: Schema };

const PROPER = { weight: 60, arbitrary: fc.constant<Record<string, string>>({}) };

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'PURGE',
  'QUERY',
  'LOCK',
];

const ODD_HEADERS: Record<string, string>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'application/json; charset=utf-8' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': '' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'identity' },
  { accept: 'text/event-stream;q=0' },
  { accept: 'image/png' },
  { expect: 'something' },
  { 'x-request-id': 'x'.repeat(500) },
  { 'x-forwarded-for': "1.2.3.4, ' OR 1=1" },
  { 'x-http-method-override': 'DELETE' },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'k'.repeat(2_000) },
  { 'idempotency-key': 'once' },
  { 'last-event-id': '0-0' },
  { 'last-event-id': '99999999999999999999-1-1' },
  { range: 'bytes=0-1' },
  { origin: 'https://elsewhere.example' },
  { cookie: 'a=b; token=c' },
  { 'if-none-match': '*' },
  { te: 'trailers' },
];

const oddHeaders = fc.oneof(PROPER, ...ODD_HEADERS.map((headers) => ({ weight: 1, arbitrary: fc.constant(headers) })));

const authorization = fc.oneof(
  { weight: 20, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Bearer', 'Bearer x.y.z', 'Basic YTpi', `Bearer ${'a'.repeat(4_000)}`, 'bearer  ,'),
  },
);

/** Requests drawn from the description of the API: most of them nearly right, since the others end at the first check. */
export function fuzzedRequests(api: ApiDescription): fc.Arbitrary<FuzzedRequest> {
  const resolve = (ref: string): Schema =>
    (api.document.components?.schemas as Record<string, Schema>)[ref.split('/').at(-1)!]!;
  return fc.oneof(...api.routes.map((route) => requestFor(route, resolve)));
}

function requestFor(route: Route, resolve: (ref: string) => Schema): fc.Arbitrary<FuzzedRequest> {
  return fc
    .record({
      caller: fc.constantFrom<Caller>('owner', 'owner', 'other', 'unknown'),
      ids: fc.constantFrom('owner', 'owner', 'owner', 'other', 'unheard', 'odd'),
      oddId: fc.constantFrom('7', '%00', '..%2f..%2f', '%ff', '%', 'null', "'", '🎉', 'a'.repeat(3_000), '*', 'new'),
      query: query(route),
      method: fc.oneof(
        { weight: 30, arbitrary: fc.constant(route.method) },
        { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
      ),
      described: describedHeaders(route),
      odd: oddHeaders,
      body: body(route, resolve),
      authorization,
    })
    .map(({ described, odd, ...request }) => {
      const type: Record<string, string> = request.body === null ? {} : { 'content-type': 'application/json' };
      const headers = { ...type, ...described, ...odd };
      const packed = headers['content-encoding'] === 'gzip' && request.body !== null;
      return { ...request, path: route.path, headers, body: packed ? gzipSync(request.body!) : request.body };
    });
}

const parametersOf = (route: Route, place: string): Parameter[] =>
  ((route.operation.parameters ?? []) as unknown as Parameter[]).filter((parameter) => parameter.in === place);

function query(route: Route): fc.Arbitrary<string> {
  const known = parametersOf(route, 'query').map(({ name, schema }) =>
    fc.option(
      fc
        .oneof(
          { weight: 4, arbitrary: queryValue(schema) },
          { weight: 1, arbitrary: oddValue.map((each) => asText(each).slice(0, LONGEST_QUERY_VALUE)) },
        )
        .map((each) => [name, each] as const),
      { nil: null },
    ),
  );
  const extra = fc.oneof(
    { weight: 15, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'unknown=1',
        'limit=1&limit=2',
        'limit[]=1',
        'cursor=%ff',
        '&&==',
        '__proto__=1',
        'q',
        `q=${'a'.repeat(20_000)}`,
      ),
    },
  );
  return fc.tuple(fc.tuple(...known), extra).map(([pairs, more]) => {
    const given = pairs
      .filter((pair) => pair !== null)
      .map(([name, text]) => `${name}=${encodeURIComponent(text.toWellFormed())}`);
    return [...given, ...(more === '' ? [] : [more])].join('&');
  });
}

/** Longer ones end at the server's limit for headers, of which one is drawn at times. */
const LONGEST_QUERY_VALUE = 250;

const asText = (each: unknown): string => (typeof each === 'string' ? each : JSON.stringify(each));

function queryValue(schema: Schema): fc.Arbitrary<string> {
  return value(schema, () => schema).map((each) => asText(each).slice(0, LONGEST_QUERY_VALUE));
}

function describedHeaders(route: Route): fc.Arbitrary<Record<string, string>> {
  const entries = parametersOf(route, 'header').map(({ name }) => [
    name.toLowerCase(),
    fc.constantFrom('fuzzed-1', 'fuzzed-2', '0-0', 't=1,v1=00'),
  ]);
  const headers = fc.record(Object.fromEntries(entries) as Record<string, fc.Arbitrary<string>>, { requiredKeys: [] });
  return headers as fc.Arbitrary<Record<string, string>>;
}

/** JSON as described, at times cut, doubled, of another type or encoding. */
function body(route: Route, resolve: (ref: string) => Schema): fc.Arbitrary<Buffer | null> {
  const { requestBody } = route.operation as { requestBody?: { content: Record<string, { schema: Schema }> } };
  const schema = requestBody?.content['application/json']?.schema;
  const foreign = fc.constantFrom(
    '{"broken',
    '[]',
    '""',
    'null',
    '{"a":1,"a":2}',
    '{"__proto__":{}}',
    '\ufeff{}',
    '[['.repeat(5_000),
  );
  const bytes = fc.constantFrom(
    Buffer.from([0xff, 0xfe, 0x7b]),
    Buffer.alloc(300_000, ' '),
    Buffer.from('{"content":"\\ud800"}'),
  );
  const broken = fc.oneof(
    foreign.map((text) => Buffer.from(text)),
    bytes,
  );
  if (schema === undefined)
    return fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: broken });
  const described = value(schema, resolve).map((each) => Buffer.from(JSON.stringify(each)));
  return fc.oneof(
    { weight: 12, arbitrary: described },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: broken },
  );
}

/**
 * Puts ids and token in.
 *
 * @param ids by the names of the description's path parameters
 */
export function rawRequest(fuzzed: FuzzedRequest, ids: Record<string, string>, token: string | null): RawRequest {
  const path = fuzzed.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    fuzzed.ids === 'odd' ? encodeOdd(fuzzed.oddId) : (ids[name] ?? 'none'),
  );
  const bearer = fuzzed.authorization ?? (token === null ? null : `Bearer ${token}`);
  return {
    method: fuzzed.method,
    target: fuzzed.query === '' ? path : `${path}?${fuzzed.query}`,
    headers: { ...fuzzed.headers, ...(bearer === null ? {} : { authorization: bearer }) },
    body: fuzzed.body,
  };
}

/** What Node's client refuses to send is encoded; all else goes as it is. */
const encodeOdd = (id: string): string => (/^[\x21-\x7e]*$/.test(id) ? id : encodeURIComponent(id));
