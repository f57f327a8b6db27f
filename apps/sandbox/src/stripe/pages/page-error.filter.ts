import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';
import { Severed } from '../api/faults.js';
import { html, page } from '../../html.js';

/** Shows a person what went wrong. */
@Catch(StripeApiError, Severed)
export class PageErrorFilter implements ExceptionFilter {
  catch(error: StripeApiError | Severed, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof Severed) {
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    void reply
      .status(error.status)
      .type('text/html; charset=utf-8')
      .send(page('Something went wrong', html`<p id="error">${error.message}</p>`));
  }
}
