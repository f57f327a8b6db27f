import { Body, Controller, Delete, Get, Header, HttpCode, Put, Query } from '@nestjs/common';
import { html, page } from '../html.js';
import { SmsInbox, type SmsMessage } from './sms-inbox.js';
import { type SmsMode, SmsOutage } from './sms-outage.js';
import { SmsModeRequest } from './sms.request.js';

const RELOAD_SECONDS = 3;

/** The inbox as page and JSON, and the mode of deliveries. */
@Controller()
export class SmsInboxController {
  constructor(
    private readonly inbox: SmsInbox,
    private readonly outage: SmsOutage,
  ) {}

  @Get('sms')
  @Header('content-type', 'text/html; charset=utf-8')
  show(): string {
    const messages = this.inbox.list();
    const rows = messages.map(({ receivedAt, to, text }) => {
      return html`<tr>
        <td>${receivedAt.slice(11, 19)}</td>
        <td>${to}</td>
        <td>${text}</td>
      </tr>`;
    });
    const body =
      rows.length === 0
        ? html`<p>No messages yet.</p>`
        : html`<table>
            ${rows}
          </table>`;
    return page('SMS inbox', body, RELOAD_SECONDS);
  }

  @Get('sms/messages')
  list(@Query('to') to: string | undefined): { items: SmsMessage[] } {
    return { items: this.inbox.list(to?.replace(/^ /, '+')) }; // a + that wasn't escaped
  }

  @Delete('sms/messages')
  @HttpCode(204)
  clear(): void {
    this.inbox.clear();
  }

  @Get('control/sms')
  mode(): SmsMode {
    return this.outage.mode;
  }

  @Put('control/sms')
  setMode(@Body() { mode, status, times }: SmsModeRequest): SmsMode {
    this.outage.set({ mode, status, times });
    return this.outage.mode;
  }

  @Delete('control/sms')
  @HttpCode(204)
  reset(): void {
    this.outage.end();
    this.inbox.clear();
  }
}
