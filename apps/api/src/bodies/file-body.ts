import { RefusedRequestError } from '@app/platform';
import multipart from '@fastify/multipart';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyError, FastifyInstance } from 'fastify';
import { lengthOf } from '../unread-body.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set with `@RouteConfig({ takesFile: true })`: a form with a file is the only kind of body, and the handler reads it as it arrives. */
    takesFile?: boolean;
  }
}

const FORM = /^multipart\/form-data(?:[;\s]|$)/i;

/**
 * Lets routes take forms with a file, and no others. After the hooks that ask who sends them; before any route is registered.
 */
export function acceptFiles(fastify: FastifyInstance): void {
  // Its hooks are for files on the disk, of which there are none, and would keep each request for as long as its answer.
  const parserOnly = Object.create(fastify, { addHook: { value: () => parserOnly } }) as FastifyInstance;
  multipart(parserOnly, {}, () => undefined);
  fastify.addHook('onRoute', (route) => {
    // How large a file may be, the handler knows: it is a matter of the user's plan.
    if (route.config?.takesFile === true) route.bodyLimit = Number.MAX_SAFE_INTEGER;
  });
  fastify.addHook('preParsing', ({ headers, method, raw, routeOptions }, _reply, payload, done) => {
    // Theirs is not read, whatever it is.
    if (method === 'GET' || method === 'HEAD') return done(null, payload);
    const isForm = FORM.test(headers['content-type'] ?? '');
    // No body at all is no other kind of body: what is missing, the handler says.
    const takesForm = routeOptions.config.takesFile === true;
    if (lengthOf(raw) === 0 || isForm === takesForm) done(null, payload);
    else done((isForm ? new UnsupportedMediaTypeException() : notAForm()) as Error as FastifyError);
  });
}

const notAForm = () =>
  new RefusedRequestError(415, {
    detail: 'The body must be multipart/form-data, with the file in the field "file".',
    headers: { Accept: 'multipart/form-data' },
  });
