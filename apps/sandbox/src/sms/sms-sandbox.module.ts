import { Module } from '@nestjs/common';
import { SmsDeliveryController } from './sms-delivery.controller.js';
import { SmsInboxController } from './sms-inbox.controller.js';
import { SmsInbox } from './sms-inbox.js';
import { SmsOutage } from './sms-outage.js';
import { TwilioController } from './twilio.controller.js';

/** An inbox for the one-time codes that the product sends. */
@Module({
  controllers: [SmsDeliveryController, TwilioController, SmsInboxController],
  providers: [SmsInbox, SmsOutage],
})
export class SmsSandboxModule {}
