/** What is printed when the product has started. */
import { usesSandbox } from '../product/sandbox-env.mjs';

/** @import {Environment} from '../product/sandbox-env.mjs' */

/** @param {Environment} env of the run @returns {string} */
export function describeRun(env) {
  const api = `http://localhost:${env['PORT']}`;
  /** @type {[string, string][]} */
  const places = [
    ...(hasPage(env) ? [/** @type {[string, string]} */ (['Chat page', `${api}/`])] : []),
    ['API', `${api}   Swagger UI: ${api}/docs`],
    ['Worker', `http://localhost:${env['WORKER_HEALTH_PORT']}/health/ready`],
    [
      'Metrics',
      `http://localhost:${env['METRICS_PORT']}/metrics and http://localhost:${env['WORKER_HEALTH_PORT']}/metrics`,
    ],
    [
      'Sandbox',
      usesSandbox(env)
        ? `http://localhost:${env['SANDBOX_PORT']}   stands in for ${sandboxed(env).join(' and ')}`
        : 'not needed',
    ],
    ['PostgreSQL', String(env['DATABASE_URL'])],
    ['Redis', env['REDIS_HOST'] ? `${env['REDIS_HOST']}:${env['REDIS_PORT'] ?? 6379}` : 'that of the environment'],
    ['Logs', '.data/logs/, and below'],
  ];
  return `
The chat backend is running. Ctrl-C ends it.

${places.map(([name, where]) => `  ${name.padEnd(11)} ${where}`).join('\n')}

"npm run demo" in another terminal holds a conversation with it. So does this, pasted there:

${conversation(api).replace(/^/gm, '  ')}
`;
}

/** @param {Environment} env @returns {boolean} whether the API serves the chat page */
const hasPage = (env) => (env['WEB_APP'] ?? (env['NODE_ENV'] === 'production' ? 'off' : 'on')) === 'on';

/** @param {Environment} env @returns {string[]} */
function sandboxed(env) {
  const sandbox = `:${env['SANDBOX_PORT']}`;
  return [
    env['GEMINI_BASE_URL']?.includes(sandbox) ? 'Gemini (set GEMINI_API_KEY for the real one)' : '',
    env['STRIPE_API_BASE_URL']?.includes(sandbox) ? 'Stripe (STRIPE_SECRET_KEY)' : '',
  ].filter((name) => name !== '');
}

/** @param {string} api @returns {string} for a POSIX shell with curl */
const conversation = (api) =>
  `
B=${api} TOKEN=
post() { curl -sS -w '\\n' "$B$1" -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" -d "$2"; }
field() { node -pe "JSON.parse(require('fs').readFileSync(0)).$1"; }
post /auth/signup '{"phone": "+14155550123", "name": "Ada"}'
SENT=$(post /auth/send-otp '{"phone": "+14155550123"}')
CHALLENGE=$(echo "$SENT" | field challengeId) OTP=$(echo "$SENT" | field otp)
TOKEN=$(post /auth/verify-otp "{\\"challengeId\\": \\"$CHALLENGE\\", \\"otp\\": \\"$OTP\\"}" | field accessToken)
ROOM=$(post /chatroom '{"title": "First steps"}' | field id)
post "/chatroom/$ROOM/message" '{"content": "Hello! Who are you?"}'
sleep 2; curl -sS -w '\\n' "$B/chatroom/$ROOM" -H "Authorization: Bearer $TOKEN"
`.trim();
