import { Controller, Get, Header } from '@nestjs/common';
import { html, page } from './html.js';

const INDEX = page(
  'Sandbox',
  html`<p>Stand-ins for the services that the chat backend talks to.</p>
    <ul>
      <li>
        <b>Gemini</b>: set <code>GEMINI_BASE_URL</code> to this address. See
        <a href="/v1beta/models?key=sandbox">models</a>, <a href="/control/gemini/requests">requests received</a>,
        <a href="/control/gemini/rules">scripted behaviour</a>.
      </li>
      <li><b>Stripe</b>: set <code>STRIPE_API_BASE_URL</code> to this address.</li>
      <li><b>SMS inbox</b>: <a href="/sms">one-time codes sent to phones</a>.</li>
    </ul>`,
);

/** An index page, and the health check. */
@Controller()
export class IndexController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  index(): string {
    return INDEX;
  }

  @Get('health')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
