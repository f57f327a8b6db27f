/**
 * Preloaded by docker-compose.yml (`node --import`) into each process: with SANDBOX_URL set, what has no key talks to the
 * sandbox, by the same rule as with `npm start`. Fills only variables that the service has, left blank. Only with NODE_ENV=development
 * or test, since an environment without NODE_ENV is production.
 */
import { withSandbox } from './product/sandbox-env.mjs';

const { SANDBOX_URL: sandboxUrl, NODE_ENV } = process.env;
// Public, like everything in development, and the same in each container.
const secrets = {
  jwt: 'known-to-everybody-and-only-for-development',
  stripeWebhook: `whsec_${Buffer.from('known-to-everybody-too').toString('base64')}`,
};

if (sandboxUrl && ['development', 'test'].includes(NODE_ENV ?? '')) {
  const given = /** @type {Record<string, string>} */ ({ ...process.env });
  const completed = withSandbox(given, { sandboxUrl, apiUrl: 'http://api:8000', secrets });
  for (const name of Object.keys(given)) process.env[name] = completed[name] ?? '';
}
