import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Body, Controller, Headers, HttpException, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { SmsInbox } from './sms-inbox.js';
import { SmsOutage } from './sms-outage.js';

/** Twilio's Messages resource (twilio.com/docs/messaging/api/message-resource), as far as sending goes. */
@Controller('2010-04-01/Accounts/:sid/Messages.json')
export class TwilioController {
  constructor(
    private readonly inbox: SmsInbox,
    private readonly outage: SmsOutage,
  ) {}

  @Post()
  async send(
    @Param('sid') sid: string,
    @Headers('authorization') authorization: string | undefined,
    @Body() form: Record<string, string | undefined> | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object | undefined> {
    if (!(await this.outage.admits(() => once(reply.raw, 'close')))) return undefined;
    if (userOf(authorization) !== sid) throw twilioError(401, 20003, 'Authenticate');
    const { To: to, Body: text, From: from, MessagingServiceSid: service } = form ?? {};
    if (!to) throw twilioError(400, 21604, "A 'To' phone number is required.");
    if (!from && !service) throw twilioError(400, 21603, "A 'From' phone number is required.");
    if (!text) throw twilioError(400, 21602, 'Message body is required.');
    this.inbox.receive({ via: 'twilio', to, code: /\b\d{4,10}\b/.exec(text)?.[0] ?? null, text });
    return messageResource(sid, to, from ?? null, service ?? null, text);
  }
}

function userOf(authorization: string | undefined): string | null {
  const credentials = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
  return credentials === undefined ? null : (Buffer.from(credentials, 'base64').toString().split(':')[0] ?? null);
}

const twilioError = (status: number, code: number, message: string): HttpException =>
  new HttpException({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, status);

function messageResource(account: string, to: string, from: string | null, service: string | null, body: string) {
  const sid = `SM${randomBytes(16).toString('hex')}`;
  const now = new Date().toUTCString().replace('GMT', '+0000');
  return {
    account_sid: account,
    api_version: '2010-04-01',
    body,
    date_created: now,
    date_sent: null,
    date_updated: now,
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from,
    messaging_service_sid: service,
    num_media: '0',
    num_segments: '1',
    price: null,
    price_unit: null,
    sid,
    status: service === null ? 'queued' : 'accepted',
    to,
    uri: `/2010-04-01/Accounts/${account}/Messages/${sid}.json`,
  };
}
