import { DomainError } from '@app/platform';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set with `@RouteConfig({ rawBody: true })`: the exact bytes, for a signature to be checked, and nothing parsed. */
    rawBody?: boolean;
  }
  interface FastifyRequest {
    rawBody?: Buffer;
    /** The size of the JSON that has arrived; undefined without any. */
    bodyBytes?: number;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const malformed = () => new DomainError('malformed_json', 'invalid', 'The body is not valid JSON in UTF-8.');

/** Makes JSON the only kind of body; anything else is a 415. No body at all is no error, whatever the header says. */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    request.bodyBytes = body.length;
    if (keepsRaw(request, body) || body.length === 0) return done(null, undefined);
    try {
      void parse(request, utf8.decode(body), (error, value: unknown) => done(error && malformed(), value));
    } catch {
      done(malformed());
    }
  });
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (keepsRaw(request, body) || body.length === 0) done(null, undefined);
    else done(new UnsupportedMediaTypeException());
  });
}

function keepsRaw(request: FastifyRequest, body: Buffer): boolean {
  if (request.routeOptions.config.rawBody !== true) return false;
  request.rawBody = body;
  return true;
}
