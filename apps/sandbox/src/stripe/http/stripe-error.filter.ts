import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';
import { closeConnection, ConnectionReset } from './api-faults.js';

/** Answers errors in Stripe's form; closes the connection where a fault asks for that. */
@Catch()
export class StripeErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('StripeSandbox');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof ConnectionReset) {
      closeConnection(reply);
      return;
    }
    const stripeError = this.toStripeError(error);
    const { shouldRetry } = stripeError.details;
    if (shouldRetry !== undefined) void reply.header('Stripe-Should-Retry', String(shouldRetry));
    void reply.status(stripeError.status).send(stripeError.body());
  }

  private toStripeError(error: unknown): StripeApiError {
    if (error instanceof StripeApiError) return error;
    if (error instanceof HttpException) {
      return new StripeApiError(error.getStatus(), 'invalid_request_error', error.message);
    }
    this.logger.error(error);
    return new StripeApiError(500, 'api_error', 'The sandbox failed; its log has the error.');
  }
}
