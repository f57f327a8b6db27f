import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { GoogleError } from './gemini.wire.js';

/** Answers an error as Google does. */
@Catch(GoogleError)
export class GoogleErrorFilter implements ExceptionFilter<GoogleError> {
  catch(error: GoogleError, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<FastifyReply>().status(error.code).send(error.toJSON());
  }
}
