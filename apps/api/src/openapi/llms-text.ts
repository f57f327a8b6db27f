import type { FastifyInstance } from 'fastify';

/** What a program that writes programs reads first, in the format of llmstxt.org. */
const LLMS_TEXT = `# Gemini Chat Backend

> The HTTP API of a paid AI chat product: login by one-time code, chatrooms, durable replies by Google Gemini as server-sent events, a daily quota for free users, and plans paid by Stripe.

JSON in camelCase, times in ISO 8601 (UTC), ids are UUIDv7. Unknown properties and query parameters are a 400. What isn't yours is a 404.

- Login: \`POST /auth/signup\` \`{phone}\`, \`POST /auth/send-otp\` \`{phone}\` → \`{challengeId}\`, \`POST /auth/verify-otp\` \`{challengeId, otp}\` → \`{accessToken, expiresIn, refreshToken}\`. With \`OTP_DELIVERY=response\` the code is in the answer to \`send-otp\` as \`otp\`.
- Calls carry \`Authorization: Bearer <accessToken>\`. It lives for minutes; \`POST /auth/refresh\` \`{refreshToken}\` gives a fresh pair. One refresh at a time: an old refresh token that is used again ends the session.
- \`POST /chatroom\` → \`{id}\`. \`POST /chatroom/{id}/message\` \`{content, files?}\` → 202 \`{message, reply}\`: a worker writes the reply, which gets exactly one outcome.
- Files: \`POST /file\` (\`multipart/form-data\`, field \`file\`) → 201 \`{id, name, mediaType, bytes}\`; name ids in \`files\` of a message, whose \`content\` may then be \`""\`. \`GET /models\` says what each model takes: another kind is a 422 \`model_cannot_take_file\`. A file that no message has is deleted after 24 hours.
- Settings of a room, in \`POST /chatroom\` and \`PATCH /chatroom/{id}\`: \`model\`, \`systemInstruction\`, \`showThoughts\` (replies have \`thoughts\`), \`search\` (the model may search the web: replies have \`sources\` and \`searchQueries\`), and others.
- Read it by \`GET /chatroom/{id}/message/{replyId}/stream\`, or send and read in one call by \`POST /chatroom/{id}/message/stream\`, which needs an \`Idempotency-Key\`.
- Events: \`accepted\` \`{message, reply}\` (only where the call sends), \`delta\` \`{text}\`, \`thought\` \`{text}\` (what the model thinks, in rooms with \`showThoughts\`), \`reset\` (forget text, thoughts and sources so far), \`sources\` \`{sources, searchQueries}\` (right before the end, where the model searched), \`done\` (the final message). Ignore events that you don't know. The deltas after the last \`reset\` add up to the stored \`content\`, the thoughts to \`thoughts\`.
- After a cut repeat the request with the last event's id as \`Last-Event-ID\`, a POST under the same \`Idempotency-Key\`: nothing is sent or charged twice. 204: there is nothing more to read.
- To hang up stops nothing: \`POST /chatroom/{id}/message/{replyId}/cancel\` stops the model. \`…/regenerate\` and \`…/regenerate/stream\` write another variant.
- Errors are \`application/problem+json\`; programs read \`code\`, and wait for \`Retry-After\`. 429 \`daily_quota_exceeded\` is the plan's quota, 429 \`rate_limited\` the API's limits.
- \`POST /subscription/subscribe/pro\` \`{successUrl?, cancelUrl?}\` → \`{checkoutUrl}\` for a browser. \`GET /subscription/status\` shows plan and quota; Stripe's webhook may come later than the user.
- Lists take \`limit\` and \`cursor\` and answer \`{items, nextCursor}\`; \`nextCursor\` is null on the last page.

## The contract

- [OpenAPI 3.1](/openapi.json): every operation, answer, problem and event, with examples
- [OpenAPI 3.0](/openapi-3.0.json): the same for generators that do not read 3.1
- [Problems](/problems): what each \`code\` means, whose fault it is and what to do

## Optional

- [Swagger UI](/docs): the guide, and calls that can be tried
`;

/** Serves the text at `/llms.txt`. */
export function serveLlmsText(fastify: FastifyInstance): void {
  fastify.get('/llms.txt', { config: { open: true, openKind: 'anonymous' } }, (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(LLMS_TEXT),
  );
}
