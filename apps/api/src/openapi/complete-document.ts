import { STATUS_CODES } from 'node:http';
import { problemResponse } from '@app/platform';
import { isolateReferences, nameBodySchemas } from './plain-schemas.js';
import type { RouteFacts } from './route-facts.js';
import type { OpenAPIObject, OperationObject, ParameterObject, ResponseObject } from '@nestjs/swagger';
type HeaderMap = NonNullable<ResponseObject['headers']>;

/** The name of the security scheme. */
export const BEARER = 'bearer';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const PROBLEM = 'application/problem+json';

/** Headers by the name of their component. */
const HEADERS = {
  RequestId: {
    description: 'The id of this request: yours, if you sent a sane `X-Request-Id`. Quote it when you ask for help.',
    schema: { type: 'string' },
    example: '0197a1c0-1111-7000-8000-000000000000',
  },
  RetryAfter: { description: 'Seconds to wait before the next try.', schema: { type: 'integer' }, example: 30 },
  RateLimitPolicy: {
    description: 'The limits that apply: quota `q` for each window of `w` seconds (IETF draft).',
    schema: { type: 'string' },
    example: '"daily-messages";q=5;w=86400',
  },
  RateLimit: {
    description: 'What is left of them: `r` remaining, `t` seconds until the window ends (IETF draft).',
    schema: { type: 'string' },
    example: '"daily-messages";r=3;t=34200',
  },
  WwwAuthenticate: {
    description: 'How to authenticate; where a token was sent, with `error="invalid_token"` (RFC 6750).',
    schema: { type: 'string' },
    example: 'Bearer',
  },
  Accept: {
    description: 'The kind of body that is taken, where yours is of another.',
    schema: { type: 'string' },
    example: 'application/json',
  },
  AcceptEncoding: {
    description: 'Where the body is compressed: that it must not be.',
    schema: { type: 'string' },
    example: 'identity',
  },
  AcceptPatch: {
    description: 'On PATCH: what it takes (RFC 5789).',
    schema: { type: 'string' },
    example: 'application/json',
  },
};

const header = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` });

const ACCEPTED_HEADERS = {
  Accept: header('Accept'),
  'Accept-Encoding': header('AcceptEncoding'),
  'Accept-Patch': header('AcceptPatch'),
};

const LIMIT_HEADERS = { 'RateLimit-Policy': header('RateLimitPolicy'), RateLimit: header('RateLimit') };

/** Adds what is true of every route, so that no controller repeats it and none forgets it. */
export function completeDocument(document: OpenAPIObject, facts: Map<string, RouteFacts>): OpenAPIObject {
  document.security = [{ [BEARER]: [] }];
  document.components = { ...document.components, headers: { ...document.components?.headers, ...HEADERS } };
  for (const [method, operation] of operationsOf(document)) {
    const known = facts.get(operation.operationId ?? '');
    if (known === undefined) throw new Error(`${operation.operationId} needs an operationId of its own.`);
    completeOperation(method, operation, known);
    closeRequestBody(document, operation);
  }
  nameSchemas(document);
  shareProblems(document);
  return document;
}

type Method = (typeof METHODS)[number];

function operationsOf(document: OpenAPIObject): [method: Method, operation: OperationObject][] {
  return Object.values(document.paths).flatMap((item) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [[method, operation] as [Method, OperationObject]];
    }),
  );
}

function completeOperation(method: Method, operation: OperationObject, facts: RouteFacts): void {
  if (facts.isPublic) operation.security = [];
  else delete operation.security;
  for (const parameter of operation.parameters ?? []) {
    // One with a pattern is a name, all others are ids.
    const isId = 'in' in parameter && parameter.in === 'path' && !hasPattern(parameter);
    if (isId) parameter.schema = { type: 'string', format: 'uuid' };
  }
  for (const [status, code] of commonProblems(method, facts)) addProblem(operation, status, code);
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.description ||= STATUS_CODES[status] ?? status;
    response.headers = { ...headersOf(Number(status), facts), ...response.headers };
  }
}

const hasPattern = ({ schema }: ParameterObject): boolean => schema !== undefined && 'pattern' in schema;

/** Says that properties which a request's class does not know are refused, and that a body without properties may be left out. */
function closeRequestBody({ components }: OpenAPIObject, { requestBody }: OperationObject): void {
  if (requestBody === undefined || '$ref' in requestBody) return;
  const schema = requestBody.content['application/json']?.schema;
  const body = schema && '$ref' in schema ? components?.schemas?.[schema.$ref.split('/').pop() ?? ''] : undefined;
  if (body === undefined || '$ref' in body) return;
  body.additionalProperties = false;
  if (Object.keys(body.properties ?? {}).length === 0) requestBody.required = false;
}

/** What a route answers by being the route that it is. */
function commonProblems(method: Method, facts: RouteFacts): [status: number, code: string][] {
  // A body that comes with DELETE is read, too, and is checked like those that are described.
  const readsBody = method !== 'get';
  const takesJson = readsBody && !facts.takesRawBody && !facts.takesFile;
  const problems: [status: number, code: string, when: boolean][] = [
    [400, 'bad_request', true],
    [400, 'malformed_json', takesJson],
    // For what its body or its query isn't, and for query parameters that it doesn't know.
    [400, 'validation_failed', !facts.takesRawBody],
    [401, 'unauthenticated', !facts.isPublic],
    [408, 'request_timeout', true],
    [413, 'payload_too_large', readsBody],
    [415, 'unsupported_media_type', readsBody],
    [417, 'expectation_failed', true],
    [429, 'rate_limited', facts.isLimited],
    [431, 'request_header_fields_too_large', true],
    [500, 'internal_error', true],
    // Probes are the routes without a limit that take nothing; they speak for themselves.
    [503, 'service_unavailable', facts.isLimited || facts.takesRawBody],
    [503, 'maintenance', !facts.servesInMaintenance],
  ];
  return problems.filter(([, , when]) => when).map(([status, code]) => [status, code]);
}

function addProblem(operation: OperationObject, status: number, code: string): void {
  const response = operation.responses[status];
  const known = response && !('$ref' in response) ? Object.keys(response.content?.[PROBLEM]?.examples ?? {}) : [];
  if (known.includes(code)) return;
  operation.responses[status] = { ...response, ...problemResponse(status, [...known, code]) };
}

/** Gives every object schema a name, and every reference to one the same form. */
function nameSchemas(document: OpenAPIObject): void {
  const schemas = (document.components!.schemas ??= {});
  for (const response of responsesOf(document)) nameBodySchemas(schemas, response);
  isolateReferences(schemas);
}

/** Problems that many routes answer with become components, by their codes. */
function shareProblems(document: OpenAPIObject): void {
  const shared: Record<string, ResponseObject> = {};
  for (const [, operation] of operationsOf(document)) {
    for (const [status, response] of Object.entries(operation.responses)) {
      const schema = response && '$ref' in response ? undefined : response?.content?.[PROBLEM]?.schema;
      if (schema === undefined || !('$ref' in schema)) continue;
      const name = schema.$ref
        .split('/')
        .at(-1)!
        .replace(/Problem$/, '');
      shared[name] = response as ResponseObject;
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  document.components = { ...document.components, responses: shared };
}

const responsesOf = (document: OpenAPIObject): ResponseObject[] =>
  operationsOf(document)
    .flatMap(([, operation]) => Object.values(operation.responses))
    .filter((response): response is ResponseObject => response !== undefined && !('$ref' in response));

function headersOf(status: number, { isLimited }: RouteFacts): HeaderMap {
  return {
    'X-Request-Id': header('RequestId'),
    ...(status === 401 ? { 'WWW-Authenticate': header('WwwAuthenticate') } : {}),
    ...(status === 429 || status === 503 ? { 'Retry-After': header('RetryAfter') } : {}),
    ...(status === 415 ? ACCEPTED_HEADERS : {}),
    ...(isLimited && (status < 300 || status === 429) ? LIMIT_HEADERS : {}),
  };
}
