// Compiled by generated-clients.test.ts beside `api.d.ts`, which openapi-typescript makes of the running product's description.
import createClient from 'openapi-fetch';
import { createParser } from 'eventsource-parser';
import type { components, paths } from './api.js';

type ReplyStreamEvent = components['schemas']['ReplyStreamEvent'];

const [baseUrl = '', phone = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });

/** What an operation answered, if it succeeded. */
function dataOf<Data>({ data, error }: { data?: Data; error?: { code: string } }): Data {
  if (data === undefined) throw new Error(error?.code ?? 'no data');
  return data;
}

async function logIn(): Promise<void> {
  dataOf(await client.POST('/auth/signup', { body: { phone, name: 'Ada' } }));
  const { challengeId, otp = '' } = dataOf(await client.POST('/auth/send-otp', { body: { phone } }));
  const { accessToken } = dataOf(await client.POST('/auth/verify-otp', { body: { challengeId, otp } }));
  client.use({
    onRequest({ request }) {
      request.headers.set('authorization', `Bearer ${accessToken}`);
    },
  });
}

/** Sends a message; of a refusal the codes are known when it is compiled. */
async function send(id: string, content: string) {
  const header = { 'Idempotency-Key': crypto.randomUUID() };
  const { data, error, response } = await client.POST('/chatroom/{id}/message', {
    params: { path: { id }, header },
    body: { content },
  });
  // @ts-expect-error: no operation has this code, which proves that `code` is no mere string.
  if (error?.code === 'never_heard_of') throw new Error();
  const refused = error?.code === 'chatroom_not_found' || error?.code === 'daily_quota_exceeded' ? error.code : null;
  return { data, refused, status: response.status };
}

async function read(id: string, replyId: string) {
  const stream = await client.GET('/chatroom/{id}/message/{replyId}/stream', {
    params: { path: { id, replyId } },
    parseAs: 'stream',
  });
  const events: ReplyStreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => events.push({ event, id, data: JSON.parse(data) as unknown } as ReplyStreamEvent),
  });
  for await (const text of dataOf(stream)!.pipeThrough(new TextDecoderStream())) parser.feed(text);
  return outcomeOf(events);
}

/** The texts of the deltas, and what `done` says. */
function outcomeOf(events: ReplyStreamEvent[]) {
  let text = '';
  for (const event of events) {
    if (event.event === 'delta') text += event.data.text;
    if (event.event === 'reset') text = '';
    if (event.event !== 'done') continue;
    const { status, content, usage, error } = event.data;
    return { text, status, content, tokens: usage === null ? null : usage.replyTokens, error: error?.code ?? null };
  }
  throw new Error('The stream ended without done.');
}

await logIn();
const room = dataOf(await client.POST('/chatroom', { body: {} }));
const { data: accepted, status: sent } = await send(room.id, 'Hello from openapi-fetch');
const outcome = await read(room.id, accepted!.reply.id);
const { refused } = await send(crypto.randomUUID(), 'Nowhere');
process.stdout.write(JSON.stringify({ ...outcome, sent, refused }));
