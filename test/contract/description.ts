import { readFileSync } from 'node:fs';
import type { OpenAPIObject, OperationObject, ReferenceObject, ResponseObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createParser } from 'eventsource-parser';
import type { Answer } from '../support/http/http-client.js';

/** The committed description of the API. */
export const DESCRIPTION_FILE = 'openapi.json';

/** What a stream is sent as. */
export const EVENT_STREAM = 'text/event-stream';

/** Headers that are always sent when they are described; others are sent under conditions. */
const ALWAYS_SENT = ['X-Request-Id', 'WWW-Authenticate', 'Retry-After', 'Location', 'RateLimit-Policy', 'RateLimit'];

/** One route as it is described. */
export interface Route {
  method: string;
  /** With parameters in braces. */
  path: string;
  operation: OperationObject;
}

/** The API's description, and checks of answers against it. */
export class ApiDescription {
  readonly document = JSON.parse(readFileSync(DESCRIPTION_FILE, 'utf8')) as OpenAPIObject;
  readonly routes: Route[] = Object.entries(this.document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, OperationObject>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor() {
    addFormats.default(this.ajv);
    this.ajv.addSchema(this.document, 'api');
  }

  /**
   * The route that a request went to; null for one that isn't described. A concrete path goes before a templated one, whatever
   * methods they have (OpenAPI 3.1, section 4.8.8.1).
   */
  routeOf(method: string, pathname: string): Route | null {
    const pattern = (path: string): RegExp => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
    const paths = this.routes.map(({ path }) => path).filter((path) => pattern(path).test(pathname));
    const [path] = paths.sort((one, other) => parametersIn(one) - parametersIn(other));
    return this.routes.find((route) => route.method === method && route.path === path) ?? null;
  }

  /** The codes of all problems that any operation declares. */
  problemCodes(): string[] {
    const responses = this.routes.flatMap((route) =>
      Object.keys(route.operation.responses).map((status) => this.responseOf(route, Number(status))),
    );
    return responses.flatMap((response) =>
      Object.keys(response?.content?.['application/problem+json']?.examples ?? {}),
    );
  }

  /** The description of the answer with a status, wherever it is in the document; null when there is none. */
  responseOf({ operation }: Route, status: number): ResponseObject | null {
    const response = operation.responses[status];
    const name = response && '$ref' in response ? response.$ref.split('/').at(-1) : undefined;
    const found = name === undefined ? response : this.document.components?.responses?.[name];
    return (found as ResponseObject | undefined) ?? null;
  }

  /** How an answer differs from its description; empty when it doesn't. */
  flawOf(route: Route, { status, headers, body }: Answer<unknown>): string {
    const described = this.responseOf(route, status);
    if (described === null) return 'this status is not described';
    const missing = ALWAYS_SENT.filter((name) => described.headers?.[name] !== undefined && !headers.has(name));
    if (missing.length > 0) return `lacks ${missing.join()}`;
    const mediaType = headers.get('content-type')?.split(';')[0];
    if (mediaType === undefined) return described.content === undefined && body === undefined ? '' : 'has no type';
    if (mediaType !== EVENT_STREAM) return this.bodyFlawOf(route, status, mediaType, body);
    const events = eventsOf(body as string).map((event) => this.bodyFlawOf(route, status, mediaType, event));
    return events.length === 0 ? 'has no events' : events.join('');
  }

  /** How a body, or an event of a stream, of a status and media type differs from its schema; empty when it doesn't. */
  bodyFlawOf(route: Route, status: number, mediaType: string, body: unknown): string {
    const { content = {} } = this.responseOf(route, status) ?? {};
    // What people have uploaded is of any type.
    const range = content[mediaType] === undefined ? '*/*' : mediaType;
    if (content[range]?.schema === undefined) return `no schema for ${mediaType}`;
    const shared = (route.operation.responses[status] as Partial<ReferenceObject>).$ref?.split('/').slice(1);
    const own = ['paths', route.path, route.method.toLowerCase(), 'responses', String(status)];
    const validate = this.schemaAt(...(shared ?? own), 'content', range, 'schema');
    return validate(body) ? '' : this.ajv.errorsText(validate.errors);
  }

  /** The compiled check of a schema in the document. */
  schemaAt(...path: string[]): ValidateFunction {
    const pointer = path.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const validate = this.ajv.getSchema(`api#/${pointer}`);
    if (validate === undefined) throw new Error(`There is no ${pointer}.`);
    return validate;
  }
}

/** The events of a stream, each with its data parsed: what the schema of a stream describes. */
function eventsOf(stream: string): object[] {
  const events: object[] = [];
  const parser = createParser({
    onEvent: ({ data, ...event }) => events.push({ ...event, data: JSON.parse(data) as unknown }),
  });
  parser.feed(stream);
  return events;
}

const parametersIn = (path: string): number => path.split('{').length;
