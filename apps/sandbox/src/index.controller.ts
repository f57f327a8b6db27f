import { Controller, Get, Header } from '@nestjs/common';

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sandbox</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}</style>
<h1>Sandbox</h1>
<p>Stand-ins for the services that the chat backend talks to. Nothing here leaves this machine, and no money moves.</p>
<ul>
  <li><b>Gemini</b>: set <code>GEMINI_BASE_URL</code> to this address. See <a href="/v1beta/models?key=sandbox">models</a>,
    <a href="/control/gemini/requests">requests received</a>, <a href="/control/gemini/rules">scripted behaviour</a>.</li>
  <li><b>Stripe</b>: set <code>STRIPE_API_BASE_URL</code> to this address.</li>
  <li><b>SMS inbox</b>: <a href="/sms">one-time codes sent to phones</a>.</li>
</ul>
</html>
`;

/** An index page, and the health check. */
@Controller()
export class IndexController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  index(): string {
    return page;
  }

  @Get('health')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
