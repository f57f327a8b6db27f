import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Message, openRoom, outcome, read, script, send } from '../support/messages.js';
import { proUser, startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  ({ stack, person } = await startReplyStack());
}, 120_000);
afterAll(() => stack?.stop());

const pathOf = ({ chatroomId, id }: Message): string => `/chatroom/${chatroomId}/message/${id}`;
const give = (http: HttpClient, reply: Message, body: unknown) =>
  http.send('PUT', `${pathOf(reply)}/feedback`, { body });

/** A finished reply in a room of its own, with its question. */
async function answered({ http }: Person = person): Promise<{ message: Message; reply: Message }> {
  const { message, reply } = await send(http, await openRoom(http), `Question ${randomUUID()}`);
  return { message, reply: await outcome(http, reply) };
}

/** How many ratings the API has counted. */
async function ratings(rating: string): Promise<number> {
  const text = await (await fetch(stack.api().metricsUrl)).text();
  const label = `reply_feedback_total{model="gemini-flash-latest",rating="${rating}"}`;
  const line = text.split('\n').find((each) => each.startsWith(label));
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe('feedback for a reply', () => {
  it('is shown wherever the reply is', async () => {
    const { message, reply } = await answered();
    expect([message.feedback, reply.feedback]).toEqual([null, null]);
    const before = Date.now();
    expect((await give(person.http, reply, { rating: 'up', comment: 'Short, and clear. 👍' })).status).toBe(204);
    const { feedback } = await read(person.http, reply);
    expect(feedback).toEqual({ rating: 'up', comment: 'Short, and clear. 👍', createdAt: expect.any(String) });
    expect(Math.abs(Date.parse(feedback!.createdAt) - before)).toBeLessThan(60_000);

    const { http } = person;
    const shown = async (path: string) => (await http.get<{ items: Message[] }>(path)).body;
    const room = (await http.get<{ messages: Message[] }>(`/chatroom/${reply.chatroomId}`)).body;
    expect(room.messages.map((each) => each.feedback)).toEqual([null, feedback]);
    expect((await shown(`${pathOf(message)}/replies`)).items.map((each) => each.feedback)).toEqual([feedback]);
    const hits = await http.get<{ items: { message: Message }[] }>(`/search?q=${message.content.split(' ').at(-1)}`);
    const found = hits.body.items.map((hit) => hit.message).find(({ id }) => id === reply.id);
    expect(found?.feedback).toEqual(feedback);
    const { body: events } = await http.get<string>(`${pathOf(reply)}/stream`);
    expect(events).toContain(`"feedback":${JSON.stringify(feedback)}`);
    expect((await http.post<Message>(`${pathOf(reply)}/cancel`)).body.feedback).toEqual(feedback);
    const exported = await http.get<{ chatrooms: { messages: Message[] }[] }>('/user/me/export');
    const messages = exported.body.chatrooms.flatMap((each) => each.messages);
    expect(messages.find(({ id }) => id === reply.id)?.feedback).toEqual(feedback);
  });

  it('is replaced as a whole, and removed by null', async () => {
    const { reply } = await answered();
    const after = async (body: unknown) => {
      expect((await give(person.http, reply, body)).status).toBe(204);
      return (await read(person.http, reply)).feedback;
    };
    const comment = 'No.';
    expect(await after({ rating: 'down', comment })).toMatchObject({ rating: 'down', comment });
    expect(await after({ rating: 'up' })).toMatchObject({ rating: 'up', comment: null });
    expect(await after({ rating: null, comment })).toMatchObject({ rating: null, comment });
    expect(await after({ rating: null, comment: ' \n' })).toBeNull();
    expect(await after({ rating: null })).toBeNull();
  });

  it('is as old as its last change, whatever is repeated', async () => {
    const { reply } = await answered();
    await give(person.http, reply, { rating: 'up' });
    const { feedback: first } = await read(person.http, reply);
    await give(person.http, reply, { rating: 'up', comment: null });
    expect((await read(person.http, reply)).feedback).toEqual(first);
  });

  it('stays with its variant', async () => {
    const { message, reply } = await answered();
    await give(person.http, reply, { rating: 'down' });
    const { body } = await person.http.post<{ reply: Message }>(`${pathOf(reply)}/regenerate`);
    expect((await outcome(person.http, body.reply)).feedback).toBeNull();
    // The older variant takes some, too.
    expect((await give(person.http, reply, { rating: 'down', comment: 'Worse than the next.' })).status).toBe(204);
    const { items } = (await person.http.get<{ items: Message[] }>(`${pathOf(message)}/replies`)).body;
    expect(items.map(({ feedback }) => feedback?.rating)).toEqual([undefined, 'down']);
  });

  it('is one of two that are given at once', async () => {
    const { reply } = await answered();
    for (let times = 0; times < 10; times++) {
      const given = [
        { rating: 'up', comment: `Up ${times}` },
        { rating: 'down', comment: `Down ${times}` },
      ];
      const answers = await Promise.all(given.map((body) => give(person.http, reply, body)));
      expect(answers.map(({ status }) => status)).toEqual([204, 204]);
      const { feedback } = await read(person.http, reply);
      expect(given).toContainEqual({ rating: feedback?.rating, comment: feedback?.comment });
    }
  });

  it('is counted by model where its rating changes', async () => {
    const { reply } = await answered();
    const counted = () => Promise.all(['up', 'down', 'none'].map(ratings));
    const before = await counted();
    const bodies = [
      { rating: 'up' },
      { rating: 'up' },
      { rating: 'up', comment: 'Yes.' },
      { rating: 'down' },
      { rating: null },
      { rating: null, comment: 'Well.' },
    ];
    for (const body of bodies) await give(person.http, reply, body);
    const after = await counted();
    expect(after.map((count, index) => count - before[index]!)).toEqual([1, 1, 1]);
  });
});

describe('feedback is refused', () => {
  it.each<[string, unknown, string]>([
    ['without a rating', {}, '/rating'],
    ['with an unknown rating', { rating: 'meh' }, '/rating'],
    ['with a number', { rating: 1 }, '/rating'],
    ['with a list', { rating: ['up'] }, '/rating'],
    ['with a comment that is too long', { rating: 'up', comment: 'é'.repeat(2_001) }, '/comment'],
    ['with a comment that is no text', { rating: 'up', comment: { text: 'Hi' } }, '/comment'],
    ['with the character NUL', { rating: 'up', comment: 'a\0b' }, '/comment'],
    ['with something else', { rating: 'up', stars: 5 }, '/stars'],
  ])('%s', async (_what, body, pointer) => {
    const { reply } = await answered();
    const { status, body: problem } = await give(person.http, reply, body);
    const pointers = new Set((problem['errors'] as { pointer: string }[]).map((error) => error.pointer));
    expect([status, problem['code'], [...pointers]]).toEqual([400, 'validation_failed', [pointer]]);
    expect((await read(person.http, reply)).feedback).toBeNull();
  });

  it('but not at the longest comment, nor with half a character', async () => {
    const { reply } = await answered();
    const longest = '😀'.repeat(2_000);
    await give(person.http, reply, { rating: 'up', comment: longest });
    expect((await read(person.http, reply)).feedback?.comment).toBe(longest);
    await give(person.http, reply, { rating: 'up', comment: 'Half \ud83d' });
    expect((await read(person.http, reply)).feedback?.comment).toBe('Half \ufffd');
  });

  it('for a message of one’s own', async () => {
    const { message } = await answered();
    const { status, body } = await give(person.http, message, { rating: 'up' });
    expect([status, body['code']]).toEqual([422, 'not_a_reply']);
    expect((await read(person.http, message)).feedback).toBeNull();
  });

  it('for a reply that is being written, until it has ended in any way', async () => {
    const prompt = randomUUID();
    await script(stack, prompt, [{ type: 'hang' }]);
    const { reply } = await send(person.http, await openRoom(person.http), prompt);
    const { status, body } = await give(person.http, reply, { rating: 'down' });
    expect([status, body['code']]).toEqual([409, 'reply_in_progress']);
    await person.http.post(`${pathOf(reply)}/cancel`);
    expect(await outcome(person.http, reply)).toMatchObject({ status: 'cancelled', feedback: null });
    expect((await give(person.http, reply, { rating: 'down' })).status).toBe(204);
    expect((await read(person.http, reply)).feedback?.rating).toBe('down');
  });

  it('for the reply of somebody else, as for one that does not exist', async () => {
    const { reply } = await answered();
    const other = await signUpAndLogIn(stack.http);
    for (const unknown of [reply, { ...reply, id: randomUUID() }, { ...reply, chatroomId: randomUUID() }]) {
      const { status, body } = await give(unknown === reply ? other.http : person.http, unknown, { rating: 'up' });
      expect([status, body['code']]).toEqual([404, 'message_not_found']);
    }
    expect((await read(person.http, reply)).feedback).toBeNull();
  });
});

it('feedback goes with the account', async () => {
  const leaving = await proUser(stack);
  const { reply } = await answered(leaving);
  const comment = `Remember ${randomUUID()}`;
  await give(leaving.http, reply, { rating: 'down', comment });
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  try {
    const kept = async () =>
      (await client.query(`SELECT FROM message WHERE feedback ->> 'comment' = $1`, [comment])).rowCount;
    expect(await kept()).toBe(1);
    expect((await leaving.http.delete('/user/me')).status).toBe(204);
    expect(await kept()).toBe(0);
  } finally {
    await client.end();
  }
});
