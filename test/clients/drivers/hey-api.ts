// Compiled by generated-clients.test.ts beside `api/`, which hey-api makes of the running product's description.
import { client } from './api/client.gen.js';
import { createChatroom, sendMessage, sendOtp, signUp, streamReply, verifyOtp } from './api/sdk.gen.js';
import type { ReplyStreamEvent } from './api/types.gen.js';

const [baseUrl = '', phone = ''] = process.argv.slice(2);
client.setConfig({ baseUrl });

async function logIn(): Promise<void> {
  await signUp({ body: { phone, name: 'Ada' }, throwOnError: true });
  const { data } = await sendOtp({ body: { phone }, throwOnError: true });
  const { challengeId, otp = '' } = data;
  const tokens = await verifyOtp({ body: { challengeId, otp }, throwOnError: true });
  client.setConfig({ auth: tokens.data.accessToken });
}

/** Sends a message; of a refusal the codes are known when it is compiled. */
async function send(id: string, content: string) {
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const { data, error, response } = await sendMessage({ path: { id }, headers, body: { content } });
  // @ts-expect-error: no operation has this code, which proves that `code` is no mere string.
  if (error?.code === 'never_heard_of') throw new Error();
  const refused = error?.code === 'chatroom_not_found' || error?.code === 'daily_quota_exceeded' ? error.code : null;
  return { data, refused, status: response?.status };
}

/**
 * What the generated client iterates over is the data alone, without the names of events. Its callback gets the whole event, as it is
 * described.
 */
async function read(id: string, replyId: string) {
  const events: ReplyStreamEvent[] = [];
  const { stream } = await streamReply({
    path: { id, replyId },
    onSseEvent: (event) => events.push(event as unknown as ReplyStreamEvent),
  });
  // Without a break after `done` it would connect again.
  for await (const _ of stream) if (events.at(-1)?.event === 'done') break;
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
const { data: room } = await createChatroom({ body: {}, throwOnError: true });
const { data: accepted, status: sent } = await send(room.id, 'Hello from hey-api');
const outcome = await read(room.id, accepted!.reply.id);
const { refused } = await send(crypto.randomUUID(), 'Nowhere');
process.stdout.write(JSON.stringify({ ...outcome, sent, refused }));
