import type { Server } from 'node:http';
import { RefusedRequestError } from '@app/platform';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { lengthOf } from './unread-body.js';

/** RFC 3986, section 3.2.2, with a port: a name, an IPv4 or an IPv6 address. Empty where the address has none. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

const UTF_8 = /^utf-?8$/i;

/** Methods whose requests have no body that is read. */
const WITHOUT_BODY = new Set(['GET', 'HEAD']);

/** Refuses what HTTP itself forbids, before anything else is asked of the request. */
export function addRequestRules(fastify: FastifyInstance): void {
  // Node would answer expectations that it doesn't know by itself, with an empty answer.
  const { server } = fastify as unknown as { server: Server };
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  fastify.addHook('onRequest', (request, _reply, done) => {
    const refusal = hostRefusal(request) ?? expectationRefusal(request);
    if (refusal === null) done();
    else done(refusal as Error as FastifyError);
  });
}

/** Refuses bodies that are compressed or not in UTF-8. After the hooks that ask who sends them. */
export function addBodyRules(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    const refusal = hasBody(request) ? bodyRefusal(request) : null;
    if (refusal === null) done(null, payload);
    else done(refusal as Error as FastifyError);
  });
}

/** One `Host`, which names a host (RFC 9112, section 3.2). */
function hostRefusal({ raw }: FastifyRequest): RefusedRequestError | null {
  const hosts = valuesOf(raw.rawHeaders, 'host');
  // HTTP/1.0 knows no `Host`.
  if (hosts.length === 0 && raw.httpVersion === '1.0') return null;
  if (hosts.length !== 1) return new RefusedRequestError(400, { detail: 'A request has one Host header.' });
  return HOST.test(hosts[0] ?? '') ? null : new RefusedRequestError(400, { detail: 'The Host header names no host.' });
}

/** The only expectation there is (RFC 9110, section 10.1.1). */
function expectationRefusal(request: FastifyRequest): RefusedRequestError | null {
  const expected = expectationOf(request);
  return expected === undefined || /^100-continue$/i.test(expected) ? null : new RefusedRequestError(417);
}

/** HTTP/1.0 knows no `Expect`. */
const expectationOf = ({ raw }: FastifyRequest): string | undefined =>
  raw.httpVersion === '1.0' ? undefined : raw.headers.expect;

function bodyRefusal({ headers, routeOptions }: FastifyRequest): RefusedRequestError | null {
  const encodings = (headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim().toLowerCase());
  if (encodings.some((encoding) => encoding !== '' && encoding !== 'identity')) {
    const told = { detail: 'The body must not be compressed.', headers: { 'Accept-Encoding': 'identity' } };
    return new RefusedRequestError(415, told);
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1];
  const isOther = charset !== undefined && !UTF_8.test(charset);
  // A body that is taken as it comes, for its signature, is no text yet.
  if (!isOther || routeOptions.config.rawBody === true) return null;
  return new RefusedRequestError(415, { detail: 'The body must be in UTF-8.' });
}

/** Whether a body follows that is read. */
const hasBody = ({ method, raw }: FastifyRequest): boolean => !WITHOUT_BODY.has(method) && lengthOf(raw) > 0;

/** All lines of a header: in `headers`, Node keeps the first of some. */
const valuesOf = (rawHeaders: string[], name: string): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
