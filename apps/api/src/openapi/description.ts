/** What a newcomer reads first in Swagger UI. Markdown. */
export const DESCRIPTION = `
The backend of a paid AI chat product: login by one-time code, chatrooms, durable replies by Google Gemini, a daily
quota for free users, and subscriptions by Stripe. Times are ISO 8601 in UTC, ids are UUIDv7, JSON is camelCase.

## Five calls to a conversation
1. \`POST /auth/signup\` with a phone number in any common writing. The answer never tells whether it was known.
2. \`POST /auth/send-otp\` sends a six-digit code and answers with a \`challengeId\`. (On a developer's machine, with
   \`OTP_DELIVERY=response\`, the code is in the answer as \`otp\`.)
3. \`POST /auth/verify-otp\` with both gives \`accessToken\` and \`refreshToken\`; a client sends \`Authorization: Bearer <accessToken>\`.
   It lives for minutes (\`expiresIn\`): \`POST /auth/refresh\` exchanges the refresh token for a fresh pair, once.
4. \`POST /chatroom\` makes a room.
5. \`POST /chatroom/{id}/message\` with \`{"content": "Hello"}\` answers **202** at once with your \`message\` and the
   \`reply\` that is being written. The reply is produced by a worker; once accepted, it gets exactly one outcome.

The page at \`/docs\` makes these calls for you: it authorizes itself with the token of step 3, carries ids, codes and a fresh \`Idempotency-Key\` on to
the calls that need them, and shows streams while they run. In development there is also a chat at [\`/\`](/) that shows its calls as they happen.

## Getting the reply
- **Poll** \`GET /chatroom/{id}/message/{messageId}\` (the \`Location\` of the 202) until \`status\` is final:
  \`completed\`, \`cancelled\`, \`failed\` or \`blocked\`; before, it is \`queued\` or \`generating\`.
- **Stream** \`GET /chatroom/{id}/message/{replyId}/stream\` as \`text/event-stream\`:

  | event | data | meaning |
  |---|---|---|
  | \`delta\` | \`{"text": "…"}\` | append this text |
  | \`thought\` | \`{"text": "…"}\` | append this to the thoughts; only where the room's \`showThoughts\` is on |
  | \`reset\` | \`{}\` | forget text, thoughts and sources so far: a fresh attempt begins |
  | \`sources\` | \`{"sources": […], "searchQueries": […]}\` | what the reply is founded on; only where the model searched |
  | \`done\` | the whole message | final; the server ends the stream |

  Every event has an \`id\`. After a lost connection send the last one as \`Last-Event-ID\` and the stream goes on where
  it was; with the id of \`done\` the answer is 204. The texts of all \`delta\`s after the last \`reset\` add up to exactly the
  stored \`content\`, those of all \`thought\`s to \`thoughts\`. Ignore events that you do not know. A comment comes at least every 15 seconds.
- **In one call** \`POST /chatroom/{id}/message/stream\` with an \`Idempotency-Key\` sends, and the answer is the stream itself,
  beginning with an event \`accepted\` that holds \`{message, reply}\`. After a lost connection repeat the request under the same
  key, with \`Last-Event-ID\`: nothing is sent twice, and the stream goes on where it was.
- **Stop** it with \`POST …/cancel\`; what was written stays. **Try again** with \`POST …/regenerate\`, or
  \`…/regenerate/stream\`. **Say what you think** of it with \`PUT …/feedback\`: a thumb up or down, and a comment.

A reply that brought no complete answer says why in \`error.code\`, e.g. \`model_unavailable\` or \`prompt_blocked\`.

## Files
\`POST /file\` (\`multipart/form-data\`, field \`file\`) takes an image, a PDF, a text or a sound and answers with its \`id\`. Name ids in \`files\` of a message, whose text may
then be empty; \`GET /models\` says which kinds of files a model takes. The same file may be in any number of messages, and is deleted with the last one. A file that no message has is
deleted after 24 hours.

## Thoughts and sources
A room's \`showThoughts\` has the model tell what it thinks, which replies keep as \`thoughts\`. Its \`search\` lets the model search the web: replies
then have \`sources\`, each with the ranges of the text that it supports, and \`searchQueries\`.

## Sending safely twice
Send an \`Idempotency-Key\` with a message or a regeneration. If the answer got lost, repeat the request: the same answer comes again, with
\`Idempotency-Replayed: true\`, and nothing is sent twice. The same key with another request is a 422.

## Quota and rate limits
A plan has a number of messages for each UTC day, or no limit. Sending and regenerating cost one each,
refunded when the reply ends without any text, or failed by the model's or the operator's fault. Answers carry the IETF
draft headers \`RateLimit-Policy: "daily-messages";q=5;w=86400\` and \`RateLimit: "daily-messages";r=3;t=34200\` (3 left, 34,200 seconds to go). A 429 adds \`Retry-After\` in seconds.
\`GET /subscription/status\` shows plan and quota at any time.

A plan also has a number of replies that are written at once; further ones stay \`queued\` until one of them ends. \`GET /usage\` shows
what the calls to models used.

## Plans and models
\`GET /plans\` has the plans, \`GET /models\` the models and which of them your plan has. A room's \`model\` is one of those, or null
for the plan's default. When a plan loses a model, its rooms are answered by the default; a reply's \`model\` says which answered.

## Buying a plan
\`POST /subscription/subscribe/pro\` answers with the address of a Stripe Checkout page; other paid plans take the place of
\`pro\`, and \`{"interval": "year"}\` pays by the year. When the customer has paid, or a trial has begun, Stripe tells us by its
webhook (\`POST /subscription/webhook/stripe\`), and the next request counts as that plan. \`POST /subscription/portal\` leads to
Stripe's page for changing between paid plans, cancelling, cards and invoices.

## Clients
The package \`@gemini-chat/client\` of the repository (\`libs/client\`) does all of this in TypeScript: login, refresh, streams that survive cuts, billing;
with a React hook and a transport for the AI SDK. For generators there is this description as OpenAPI 3.1 (\`/openapi.json\`) and 3.0
(\`/openapi-3.0.json\`), for language models a summary ([\`/llms.txt\`](/llms.txt)). A Postman collection comes from \`npm run postman\`, and
\`docs/api.arazzo.yaml\` has the way from a login to a paid plan as a workflow.

## Lists
\`limit\` (1–100, default 50) and \`cursor\`; the answer is \`{"items": […], "nextCursor": "…"}\`, and \`nextCursor\` is null on the
last page. A page with long texts ends early, at about 512 KiB of them. Chatrooms that are pinned or written to while a client walks
through their list come exactly once all the same.

## Errors
Every error is \`application/problem+json\` (RFC 9457): \`status\`, \`title\`, \`detail\` for people, \`code\` for programs, \`type\`, which
leads to a page that explains the code ([all of them](/problems)), and \`requestId\`, which is also the header \`X-Request-Id\` of every answer. With \`validation_failed\`, \`errors\` lists each
JSON pointer with what it should have been. What isn't yours looks like what does not exist: 404. What can be tried again
says so with \`Retry-After\`.
`.trim();
