import { usesSandbox, withSandbox } from './sandbox-env.mjs';

const given = {
  sandboxUrl: 'http://127.0.0.1:9200',
  apiUrl: 'http://127.0.0.1:8000',
  secrets: { jwt: 'made', stripeWebhook: 'whsec_made' },
};

describe('The environment with the sandbox', () => {
  it('uses it for what has no key', () => {
    const env = withSandbox({ SANDBOX_PORT: '9200', GEMINI_API_KEY: '', STRIPE_SECRET_KEY: '' }, given);
    expect(env).toMatchObject({
      JWT_SECRET: 'made',
      GEMINI_BASE_URL: 'http://127.0.0.1:9200',
      STRIPE_API_BASE_URL: 'http://127.0.0.1:9200',
      STRIPE_WEBHOOK_SECRET: 'whsec_made',
      SANDBOX_STRIPE_WEBHOOK_URL: 'http://127.0.0.1:8000/subscription/webhook/stripe',
    });
    expect(usesSandbox(env)).toBe(true);
  });

  it('leaves what has a key as it is', () => {
    const own = { SANDBOX_PORT: '9200', JWT_SECRET: 'own', GEMINI_API_KEY: 'key', STRIPE_SECRET_KEY: 'sk_test_1' };
    const env = withSandbox(own, given);
    expect(env).toEqual({ ...own, OTP_DELIVERY: 'response' });
    expect(usesSandbox(env)).toBe(false);
  });

  it('leaves a key in a file as it is', () => {
    const own = { JWT_SECRET_FILE: '/jwt', GEMINI_API_KEY_FILE: '/gemini', STRIPE_SECRET_KEY_FILE: '/stripe' };
    expect(withSandbox(own, given)).toEqual({ ...own, OTP_DELIVERY: 'response' });
  });

  it('uses another server that speaks Gemini, if one is named', () => {
    const env = withSandbox({ GEMINI_BASE_URL: 'http://127.0.0.1:4010' }, given);
    expect(env).toMatchObject({ GEMINI_BASE_URL: 'http://127.0.0.1:4010', GEMINI_API_KEY: 'sandbox' });
  });
});
