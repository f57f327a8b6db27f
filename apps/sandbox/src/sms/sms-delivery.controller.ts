import { once } from 'node:events';
import {
  Body,
  Controller,
  Headers,
  HttpCode,
  Post,
  type RawBodyRequest,
  Req,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { SandboxConfig } from '../sandbox.config.js';
import { SmsInbox } from './sms-inbox.js';
import { SmsOutage } from './sms-outage.js';
import { OtpSendRequest } from './sms.request.js';

/** Receives the one-time codes that the product's webhook delivery posts. */
@Controller('sms/webhook')
export class SmsDeliveryController {
  constructor(
    private readonly inbox: SmsInbox,
    private readonly outage: SmsOutage,
    private readonly config: SandboxConfig,
  ) {}

  @Post()
  @HttpCode(204)
  async deliver(
    @Body() { data }: OtpSendRequest,
    @Headers('webhook-id') deliveryId: string | undefined,
    @Req() request: RawBodyRequest<FastifyRequest>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    if (!(await this.outage.admits(() => once(reply.raw, 'close')))) return;
    this.verify(request);
    this.inbox.receive({ via: 'webhook', to: data.phone, code: data.code, text: data.text }, deliveryId ?? null);
  }

  private verify({ rawBody, headers }: RawBodyRequest<FastifyRequest>): void {
    if (this.config.smsSecret === null) return;
    try {
      new Webhook(this.config.smsSecret).verify(rawBody ?? '', headers as Record<string, string>);
    } catch (error) {
      throw new UnauthorizedException((error as Error).message);
    }
  }
}
