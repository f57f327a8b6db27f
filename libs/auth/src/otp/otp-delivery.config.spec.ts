import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { ConfigError, loadConfig } from '@app/platform';
import { PhoneConfig } from '../phone/phone.config.js';
import { OtpDeliveryConfig } from './otp-delivery.config.js';
import { OtpConfig } from './otp.config.js';

const load = (env: Record<string, string>) => loadConfig([OtpDeliveryConfig], env);

describe('the delivery of codes', () => {
  it.each(['response', 'log'])('by %s is refused in production, and nowhere else', (way) => {
    expect(() => load({ OTP_DELIVERY: way, NODE_ENV: 'production' })).toThrow(/OTP_DELIVERY/);
    expect(() => load({ OTP_DELIVERY: way })).toThrow(/OTP_DELIVERY/);
    expect(() => load({ OTP_DELIVERY: way, NODE_ENV: 'development' })).not.toThrow();
    expect(() => load({ OTP_DELIVERY: way, NODE_ENV: 'test' })).not.toThrow();
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
      OTP_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
    };
    expect(() => load(complete)).not.toThrow();
    const published = { ...complete, OTP_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    expect(() => load(published)).toThrow(/OTP_WEBHOOK_SECRET is public/);
    const plain = { ...complete, OTP_WEBHOOK_URL: 'http://sms.example.com/send' };
    expect(() => load(plain)).toThrow(/OTP_WEBHOOK_URL must begin with https:/);
    expect(() => load({ ...plain, NODE_ENV: 'development' })).not.toThrow();
    expect(() => load({ ...complete, OTP_WEBHOOK_SECRET: 'whsec_short' })).toThrow(ConfigError);
  });

  it('by Twilio needs an account and a sender', () => {
    expect(() => load({ OTP_DELIVERY: 'twilio' })).toThrow(/TWILIO_ACCOUNT_SID[^]*TWILIO_AUTH_TOKEN[^]*TWILIO_FROM/);
    const plain = { OTP_DELIVERY: 'twilio', TWILIO_API_BASE_URL: 'http://127.0.0.1:9200' };
    expect(() => load(plain)).toThrow(/TWILIO_API_BASE_URL must begin with https:/);
  });

  it('in production needs the countries that are served, and a number of messages a day', () => {
    const limits = (env: Record<string, string>) =>
      loadConfig([OtpConfig, PhoneConfig], { OTP_SECRET: randomBytes(48).toString('base64'), ...env });
    expect(() => limits({ NODE_ENV: 'production' })).toThrow(/OTP_SENDS_PER_DAY[^]*PHONE_ALLOWED_COUNTRIES/);
    expect(() => limits({ NODE_ENV: 'production', OTP_SENDS_PER_DAY: '1000' })).toThrow(/PHONE_ALLOWED_COUNTRIES/);
    const complete = { NODE_ENV: 'production', OTP_SENDS_PER_DAY: '1000', PHONE_ALLOWED_COUNTRIES: 'US, gb' };
    const [otp, phone] = limits(complete);
    expect([otp.OTP_SENDS_PER_DAY, phone.PHONE_ALLOWED_COUNTRIES]).toEqual([1_000, ['US', 'GB']]);
    expect(() => limits({ ...complete, PHONE_ALLOWED_COUNTRIES: 'all' })).toThrow(/PHONE_ALLOWED_COUNTRIES/);
    expect(() => limits({ NODE_ENV: 'development' })).not.toThrow();
  });
});
