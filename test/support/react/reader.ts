import { type ChatClient, createChatClient } from '@gemini-chat/client';
import type { TcpProxy } from '../http/tcp-proxy.js';
import { logIn, newPhone, type Person } from '../login.js';
import { openRoom, script } from '../messages.js';
import type { Stack } from '../stack.js';

/** Twelve pieces of text a second, and a text that takes eight seconds: longer than a busy machine stands still. */
export const SLOWLY = { type: 'answer', tokensPerSecond: 12, chunkSize: 4 };
export const LONG_TEXT = 'wörd 🌍 世界 '.repeat(40);

/** A user with a room, who has the client behind a proxy whose connections can be cut. */
export interface Reader {
  client: ChatClient;
  /** The same user past the client: another device. */
  person: Person;
  roomId: string;
  /** Each request of the client: its method and path, with `:id` for ids. */
  requests: string[];
}

/** Logs in, and opens a room. */
export async function newReader(stack: Stack, proxy: TcpProxy, phone = newPhone()): Promise<Reader> {
  const requests: string[] = [];
  const client = createChatClient({
    baseUrl: `http://127.0.0.1:${proxy.port}`,
    fetch: (url, init) => {
      requests.push(`${init.method} ${new URL(url).pathname.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ':id')}`);
      return fetch(url, init);
    },
  });
  const challenge = await client.auth.sendCode({ phone });
  await client.auth.verify(challenge, challenge.otp ?? '');
  const person = await logIn(stack.http, phone);
  return { client, person, roomId: await openRoom(person.http), requests };
}

/** Has a prompt answered slowly, so that there is time to do something meanwhile. */
export const answerSlowly = (stack: Stack, prompt: string, text = LONG_TEXT): Promise<void> =>
  script(stack, prompt, [{ ...SLOWLY, text }]);
