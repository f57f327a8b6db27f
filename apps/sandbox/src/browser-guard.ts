import type { FastifyReply, FastifyRequest } from 'fastify';
import { STYLE_HASH } from './html.js';
import type { SandboxConfig } from './sandbox.config.js';

/** By these a browser reaches this machine itself: no name server can make them another's. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * What every answer tells browsers. No script runs on any page, no other page shows one in a frame, and none reads an answer.
 * A form's redirect counts as its target, too, and the shop that people go back to may be anywhere.
 */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src '${STYLE_HASH}'`,
    "form-action 'self' http: https:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // Not `no-referrer`: with that, browsers name no origin for our own forms either.
  'Referrer-Policy': 'same-origin',
};

/**
 * Keeps web pages of others, open in a browser on this machine, from using a sandbox that takes any key: by a name of theirs
 * that they let point here (DNS rebinding), or by a form or script that writes across origins. Programs send neither a foreign
 * `Host` nor an `Origin`.
 *
 * @returns a hook for each request
 */
export function browserGuard(config: SandboxConfig): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const hosts = new Set([...LOOPBACK, ...config.allowedHosts]);
  return async (request, reply) => {
    reply.headers(HEADERS);
    const own = originOf(`http://${request.headers.host ?? ''}`);
    if (own === null || !hosts.has(own.hostname)) {
      await reply.status(403).send({ error: "This host is not the sandbox's; SANDBOX_ALLOWED_HOSTS can name it." });
    } else if (!READS.has(request.method) && !isOfOwnPage(request, own.host, config)) {
      await reply.status(403).send({ error: 'Pages of other origins may not write here.' });
    }
  };
}

/** Whether a request comes from one of our pages, or from no page at all. */
function isOfOwnPage({ headers }: FastifyRequest, host: string, { stripe }: SandboxConfig): boolean {
  const site = headers['sec-fetch-site'] ?? 'none';
  const { origin } = headers;
  const isOwn = origin === undefined || origin === `http://${host}` || origin === originOf(stripe.publicUrl)?.origin;
  return isOwn && (site === 'none' || site === 'same-origin');
}

const originOf = (url: string | null): URL | null => (url !== null && URL.canParse(url) ? new URL(url) : null);
