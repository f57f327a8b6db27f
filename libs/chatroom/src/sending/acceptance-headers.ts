import { rateLimitHeaders } from '@app/platform';
import { dailyMessagesPolicy } from '@app/subscription';
import type { FastifyReply } from 'fastify';
import type { AcceptedVariant } from './message-acceptance.store.js';

/** The headers of an accepted request, for OpenAPI. */
export const ACCEPTANCE_HEADERS = {
  'RateLimit-Policy': {
    description: '`"daily-messages";q=5;w=86400`. Absent where the plan has no daily limit.',
    schema: { type: 'string' },
  },
  RateLimit: {
    description: '`"daily-messages";r=4;t=3600`. Absent where the plan has no daily limit.',
    schema: { type: 'string' },
  },
  Location: { description: 'Where the reply can be polled.', schema: { type: 'string' } },
  'Idempotency-Replayed': { description: '`true` on the answer to a repeated request.', schema: { type: 'string' } },
} as const;

/** Sets where the reply is, whether the request is a repeated one, and the quota beside the limits that the rate-limit guard has told. */
export function setAcceptanceHeaders(http: FastifyReply, { reply, quota, at, replayed }: AcceptedVariant): void {
  if (replayed) http.header('Idempotency-Replayed', 'true');
  http.header('Location', `/chatroom/${reply.chatroomId}/message/${reply.id}`);
  const policy = dailyMessagesPolicy(quota, at);
  if (policy === null) return;
  for (const [name, value] of Object.entries(rateLimitHeaders(policy))) {
    const others = http.getHeader(name);
    http.header(name, others === undefined ? value : `${value}, ${String(others)}`);
  }
}
