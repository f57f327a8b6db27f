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

/** Answers errors of the control API as `{"error": "..."}`, in one sentence. */
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

/** A part of the control API: JSON in and out; unknown properties are refused. */
export const ControlController = (): ClassDecorator =>
  applyDecorators(Controller('control/stripe'), UseFilters(new ControlErrorFilter()));

/** The record itself. @throws NotFoundException when there is none */
export function existing<T>(record: T | null | undefined, id: string): T {
  if (record == null) throw new NotFoundException(`There is no ${id}`);
  return record;
}
