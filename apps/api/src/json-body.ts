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
  }
}

/** Makes JSON the only kind of body; anything else is a 415. No body at all is no error, whatever the header says. */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (keepsRaw(request, body) || body.length === 0) return done(null, undefined);
    void parse(request, body.toString(), (error, value: unknown) => {
      if (error) done(new DomainError('malformed_json', 'invalid', 'The body is not valid JSON.'));
      else done(null, value);
    });
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
