/** The environment of processes that use the sandbox in place of services without a key. Uses nothing but Node. */

/** @typedef {Record<string, string>} Environment */
/** @typedef {{jwt: string, stripeWebhook: string}} Secrets made for one machine */

/**
 * Completes an environment for use without any account: what has no key talks to the sandbox.
 *
 * @param {Environment} env what the user has set; blank means not set
 * @param {{sandboxUrl: string, apiUrl: string, secrets: Secrets}} given
 * @returns {Environment}
 */
export function withSandbox(env, { sandboxUrl, apiUrl, secrets }) {
  const own = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const has = (/** @type {string} */ name) => own[name] !== undefined || own[`${name}_FILE`] !== undefined;
  return {
    ...(has('JWT_SECRET') ? {} : { JWT_SECRET: secrets.jwt }),
    OTP_DELIVERY: 'response',
    ...(has('GEMINI_API_KEY') ? {} : { GEMINI_API_KEY: 'sandbox', GEMINI_BASE_URL: sandboxUrl }),
    ...(has('STRIPE_SECRET_KEY') ? {} : sandboxStripe(sandboxUrl, apiUrl, secrets)),
    ...own,
  };
}

/** @param {string} sandboxUrl @param {string} apiUrl @param {Secrets} secrets @returns {Environment} */
function sandboxStripe(sandboxUrl, apiUrl, secrets) {
  return {
    STRIPE_SECRET_KEY: 'sk_test_sandbox',
    STRIPE_API_BASE_URL: sandboxUrl,
    STRIPE_PRICE_ID: 'price_pro',
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhook,
    SANDBOX_STRIPE_WEBHOOK_URL: `${apiUrl}/subscription/webhook/stripe`,
    SANDBOX_STRIPE_WEBHOOK_SECRET: secrets.stripeWebhook,
  };
}

/** @param {Environment} env complete @returns {boolean} whether anything is told to use the sandbox of this machine */
export function usesSandbox(env) {
  const sandboxes = ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${env['SANDBOX_PORT']}`);
  return ['GEMINI_BASE_URL', 'STRIPE_API_BASE_URL', 'OTP_WEBHOOK_URL'].some((name) =>
    sandboxes.some((url) => env[name]?.startsWith(url)),
  );
}
