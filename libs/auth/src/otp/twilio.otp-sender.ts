import { type OtpMessage, OtpSender } from './otp-sender.port.js';
import { assertAccepted } from './provider-response.js';

/** A Twilio account that sends messages. */
export interface TwilioAccount {
  baseUrl: string;
  accountSid: string;
  authToken: string;
  /** A number, a sender id, or a messaging service (`MG...`). */
  from: string;
}

/** Sends codes by SMS through Twilio's Messages resource. */
export class TwilioOtpSender extends OtpSender {
  constructor(private readonly account: TwilioAccount) {
    super();
  }

  override async send({ phone, text }: OtpMessage, signal: AbortSignal): Promise<void> {
    const { baseUrl, accountSid, authToken, from } = this.account;
    const sender = from.startsWith('MG') ? 'MessagingServiceSid' : 'From';
    const response = await fetch(`${baseUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
      body: new URLSearchParams({ To: phone, Body: text, [sender]: from }),
      redirect: 'error',
      signal,
    });
    await response.body?.cancel();
    assertAccepted(response.status);
  }
}
