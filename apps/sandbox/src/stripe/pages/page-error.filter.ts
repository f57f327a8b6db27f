import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';
import { closeConnection, ConnectionReset } from '../http/api-faults.js';
import { html, page } from '../../html.js';

/** Shows an error as a page; closes the connection where a fault asks for that. */
@Catch(StripeApiError, ConnectionReset)
export class PageErrorFilter implements ExceptionFilter {
  catch(error: StripeApiError | ConnectionReset, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof ConnectionReset) {
      closeConnection(reply);
      return;
    }
    void reply
      .status(error.status)
      .type('text/html; charset=utf-8')
      .send(page('Something went wrong', html`<p id="error">${error.message}</p>`));
  }
}
