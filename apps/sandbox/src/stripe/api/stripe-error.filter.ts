import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';
import { Severed } from './faults.js';

/** Words errors as Stripe does; cuts the connection where a test asked for that. */
@Catch()
export class StripeErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('StripeSandbox');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof Severed) {
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    const worded = this.worded(error);
    const { shouldRetry } = worded.details;
    if (shouldRetry !== undefined) void reply.header('Stripe-Should-Retry', String(shouldRetry));
    void reply.status(worded.status).send(worded.body());
  }

  private worded(error: unknown): StripeApiError {
    if (error instanceof StripeApiError) return error;
    if (error instanceof HttpException) {
      return new StripeApiError(error.getStatus(), 'invalid_request_error', error.message);
    }
    this.logger.error(error);
    return new StripeApiError(500, 'api_error', 'The sandbox made a mistake; its log says which.');
  }
}
