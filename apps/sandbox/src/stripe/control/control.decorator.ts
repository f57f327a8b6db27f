import {
  applyDecorators,
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  HttpException,
  NotFoundException,
  UseFilters,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';

/** Tells the author of a test what was wrong, in one sentence. */
@Catch(HttpException, StripeApiError)
class ControlErrorFilter implements ExceptionFilter {
  catch(error: HttpException | StripeApiError, host: ArgumentsHost): void {
    const status = error instanceof StripeApiError ? error.status : error.getStatus();
    void host
      .switchToHttp()
      .getResponse<FastifyReply>()
      .status(status)
      .send({ error: messageOf(error) });
  }
}

function messageOf(error: HttpException | StripeApiError): string {
  const response: unknown = error instanceof HttpException ? error.getResponse() : undefined;
  const isDetailed = typeof response === 'object' && response !== null && 'message' in response;
  return isDetailed ? [response.message].flat().map(String).join('; ') : error.message;
}

/** A part of the control API: JSON in and out, nothing unknown accepted. */
export const ControlController = (): ClassDecorator =>
  applyDecorators(Controller('control/stripe'), UseFilters(new ControlErrorFilter()));

/** What a path names, or 404. */
export function existing<T>(record: T | undefined, id: string): T {
  if (record === undefined) throw new NotFoundException(`There is no ${id}`);
  return record;
}
