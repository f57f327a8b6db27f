import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { IsOptional } from 'class-validator';
import { EndpointVariable } from './endpoint-variable.decorator.js';
import { loadConfig } from './load-config.js';
import { SecretVariable } from './secret-variable.decorator.js';

/** As real ones do: a secret that we make, one that a vendor makes, and a vendor's address. */
class Vendor {
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  OWN_SECRET?: string;

  @IsOptional()
  @SecretVariable()
  VENDOR_KEY?: string;

  @IsOptional()
  @EndpointVariable()
  VENDOR_URL?: string;
}

const load = (env: NodeJS.ProcessEnv) => () => loadConfig([Vendor], env);

describe('a secret of our own', () => {
  it.each([
    'a'.repeat(32),
    'ab'.repeat(20),
    'correct-horse!'.repeat(3),
    'aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    '1234567890'.repeat(4),
    `${'x'.repeat(40)}1`,
    'known-to-everybody-and-only-for-development',
    'please-change-me-please-change-me-now',
  ])('such as %s is refused in production, by name and not by value, and nowhere else', (OWN_SECRET) => {
    for (const env of [{ OWN_SECRET }, { OWN_SECRET, NODE_ENV: 'production' }]) {
      expect(load(env)).toThrow(/OWN_SECRET/);
      expect(load(env)).not.toThrow(OWN_SECRET);
    }
    expect(load({ OWN_SECRET, NODE_ENV: 'development' })).not.toThrow();
    expect(load({ OWN_SECRET, NODE_ENV: 'test' })).not.toThrow();
  });

  it('may be any random one', () => {
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      for (let i = 0; i < 500; i++) expect(load({ OWN_SECRET: randomBytes(32).toString(encoding) })).not.toThrow();
    }
    for (let i = 0; i < 500; i++) expect(load({ OWN_SECRET: randomBytes(16).toString('hex') })).not.toThrow();
  });
});

describe('the secret of a vendor', () => {
  it.each(['sandbox', 'sk_test_sandbox', 'whsec_sandbox', `whsec_${'A'.repeat(32)}`, 'x'.repeat(32)])(
    'such as %s is refused in production, and nowhere else',
    (VENDOR_KEY) => {
      expect(load({ VENDOR_KEY })).toThrow(/VENDOR_KEY is public/);
      expect(load({ VENDOR_KEY, NODE_ENV: 'test' })).not.toThrow();
    },
  );

  it.each(['sk_test_51H8q0KJ2', 'sk_live_51H8q0KJ2', 'rk_live_9', 'whsec_x7Hn'])('may look like %s', (VENDOR_KEY) => {
    expect(load({ VENDOR_KEY })).not.toThrow();
  });
});

describe('the address of a vendor', () => {
  it.each(['http://api.example.com', 'http://127.0.0.1:9200', 'HTTP://sandbox:9200'])(
    'such as %s is refused in production, and nowhere else',
    (VENDOR_URL) => {
      expect(load({ VENDOR_URL })).toThrow(/VENDOR_URL must begin with https:/);
      expect(load({ VENDOR_URL, NODE_ENV: 'development' })).not.toThrow();
    },
  );

  it.each(['ftp://example.com', 'api.example.com', 'https://user:password@example.com', 'blob:https://example.com'])(
    'is never %s',
    (VENDOR_URL) => {
      expect(load({ VENDOR_URL, NODE_ENV: 'test' })).toThrow(/VENDOR_URL/);
    },
  );

  it('may be any of https:', () => {
    expect(load({ VENDOR_URL: 'https://gateway.internal:8443/gemini' })).not.toThrow();
  });

  it('is told together with everything else that is wrong', () => {
    const env = { OWN_SECRET: 'b'.repeat(32), VENDOR_KEY: 'sandbox', VENDOR_URL: 'http://127.0.0.1:9200' };
    expect(load(env)).toThrow(/OWN_SECRET[^]*VENDOR_KEY[^]*VENDOR_URL/);
  });
});
