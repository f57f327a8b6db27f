import 'reflect-metadata';
import { OtpConfig } from '../otp/otp.config.js';
import { OtpHashService } from '../otp/otp-hash.service.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { PersonHashService } from './person-hash.service.js';

const PHONE = '+14155550123';
const jwt = (letter: string) => Object.assign(new AccessTokenConfig(), { JWT_SECRET: letter.repeat(32) });
const otp = (letter?: string) => Object.assign(new OtpConfig(), letter && { OTP_SECRET: letter.repeat(32) });
const hashOf = (phone: string, codes: OtpConfig, tokens: AccessTokenConfig) =>
  new PersonHashService(codes, tokens).hash(phone).toString('hex');

it('knows a number again, after a restart too, and tells it from others', () => {
  const known = hashOf(PHONE, otp(), jwt('j'));
  expect(known).toMatch(/^[0-9a-f]{64}$/);
  expect(hashOf(PHONE, otp(), jwt('j'))).toBe(known);
  expect(hashOf('+14155550124', otp(), jwt('j'))).not.toBe(known);
});

it('depends on the secret of codes, and where that is not set on the one of tokens', () => {
  expect(hashOf(PHONE, otp(), jwt('k'))).not.toBe(hashOf(PHONE, otp(), jwt('j')));
  expect(hashOf(PHONE, otp('o'), jwt('k'))).toBe(hashOf(PHONE, otp('o'), jwt('j')));
  expect(hashOf(PHONE, otp('p'), jwt('j'))).not.toBe(hashOf(PHONE, otp('o'), jwt('j')));
});

it('finds what was stored before a rotation of the secret, and what other replicas store after it', () => {
  const hashes = (config: OtpConfig) =>
    new PersonHashService(config, jwt('j')).hashes(PHONE).map((hash) => hash.toString('hex'));
  const [before, after] = [hashOf(PHONE, otp('o'), jwt('j')), hashOf(PHONE, otp('n'), jwt('j'))];
  expect(hashes(otp('o'))).toEqual([before]);
  expect(hashes(Object.assign(otp('o'), { OTP_SECRET_NEXT: 'n'.repeat(32) }))).toEqual([before, after]);
  expect(hashes(Object.assign(otp('n'), { OTP_SECRET_PREVIOUS: 'o'.repeat(32) }))).toEqual([after, before]);
});

it('of a deployment without a secret of codes stays the same when that becomes the secret of tokens', () => {
  expect(hashOf(PHONE, otp('j'), jwt('k'))).toBe(hashOf(PHONE, otp(), jwt('j')));
});

it('is not the hash under which Redis knows the number', () => {
  const inRedis = new OtpHashService(otp(), jwt('j')).hash('phone', PHONE);
  expect(Buffer.from(inRedis, 'base64url').toString('hex')).not.toBe(hashOf(PHONE, otp(), jwt('j')));
});
