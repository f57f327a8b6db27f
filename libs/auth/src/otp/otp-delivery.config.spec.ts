import 'reflect-metadata';
import { ConfigError, loadConfig } from '@app/platform';
import { OtpDeliveryConfig } from './otp-delivery.config.js';

const load = (env: Record<string, string>) => loadConfig([OtpDeliveryConfig], env);

describe('the delivery of codes', () => {
  it.each(['response', 'log'])('by %s is refused in production, and nowhere else', (way) => {
    expect(() => load({ OTP_DELIVERY: way, NODE_ENV: 'production' })).toThrow(/OTP_DELIVERY/);
    expect(() => load({ OTP_DELIVERY: way })).not.toThrow();
  });

  it('has to be chosen in production', () => {
    expect(() => load({ NODE_ENV: 'production' })).toThrow(/OTP_DELIVERY/);
  });

  it('by webhook needs an address and a secret', () => {
    const webhook = { OTP_DELIVERY: 'webhook', NODE_ENV: 'production' };
    expect(() => load(webhook)).toThrow(/OTP_WEBHOOK_URL[^]*OTP_WEBHOOK_SECRET/);
    const complete = {
      ...webhook,
      OTP_WEBHOOK_URL: 'https://sms.example.com/send',
      OTP_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    };
    expect(() => load(complete)).not.toThrow();
    expect(() => load({ ...complete, OTP_WEBHOOK_SECRET: 'whsec_short' })).toThrow(ConfigError);
  });

  it('by Twilio needs an account and a sender', () => {
    expect(() => load({ OTP_DELIVERY: 'twilio' })).toThrow(/TWILIO_ACCOUNT_SID[^]*TWILIO_AUTH_TOKEN[^]*TWILIO_FROM/);
  });
});
