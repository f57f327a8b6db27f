import { eventually } from '../support/eventually.js';
import { adminData } from '../support/admin.js';
import type { Answer, HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, script, send, type Message } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

interface Share {
  url: string;
  token: string;
  createdAt: string;
}
interface Shared {
  title: string | null;
  messages: { role: string; content: string; createdAt: string }[];
}
interface Problem {
  status: number;
  code: string;
}

const UNKNOWN = 'A'.repeat(32);
const SHARED_BASE = 'https://app.example.com/read/';

// Operators' commands start a process each, which takes its time on a busy machine.
import.meta.jest.setTimeout(120_000);

let stack: Stack;
let owner: Person;

beforeAll(async () => {
  const env = { SHARE_URL_PREFIX: SHARED_BASE, BASIC_DAILY_MESSAGES: '100', TRUST_PROXY_HOPS: '1' };
  stack = await startStack({ apis: 2, env });
  await stack.add('api', { RATE_LIMIT_SHARED_PER_MINUTE: '3' });
  owner = await signUpAndLogIn(stack.http);
}, 120_000);
afterAll(() => stack?.stop());

/** A room in which these questions were asked one after the other, each answered with the question's `answer`. */
async function roomOf(http: HttpClient, questions: Record<string, string>): Promise<{ room: string; last: Message }> {
  const room = await openRoom(http, { title: 'Skies', systemInstruction: 'A secret instruction.' });
  let last: Message | undefined;
  for (const [question, answer] of Object.entries(questions)) {
    await script(stack, question, [{ type: 'answer', text: answer }], 1);
    last = await outcome(http, (await send(http, room, question)).reply);
  }
  return { room, last: last! };
}

async function share(http: HttpClient, room: string): Promise<Share> {
  const { status, body } = await http.post<Share>(`/chatroom/${room}/share`);
  expect(status).toBe(201);
  return body;
}

const read = (token: string, api = 0): Promise<Answer<Shared>> =>
  stack.http.at(stack.api(api).url).get<Shared>(`/shared/${token}`);
const textsOf = ({ body }: Answer<Shared>): string[] => body.messages.map(({ role, content }) => `${role}: ${content}`);

/** All of an answer but what names the request. */
const faceOf = ({ status, body, headers }: Answer<unknown>) => {
  const told = { ...(body as object), instance: '', requestId: '' };
  return [status, told, headers.get('x-robots-tag'), headers.get('cache-control'), headers.get('referrer-policy')];
};

describe('a link to a conversation', () => {
  it('shows title and messages to everyone, and nothing else', async () => {
    const { room } = await roomOf(owner.http, { 'Why blue?': 'Air scatters it.', 'And red?': 'Less so.' });
    const { url, token, createdAt } = await share(owner.http, room);
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(url).toBe(`${SHARED_BASE}${token}`);
    expect(new Date(createdAt).toISOString()).toBe(createdAt);
    for (const api of [0, 1]) {
      const answer = await read(token, api);
      const { messages } = (await owner.http.get<{ messages: Message[] }>(`/chatroom/${room}`)).body;
      const expected = messages.map(({ role, content, createdAt: at }) => ({ role, content, createdAt: at }));
      expect([answer.status, answer.body]).toEqual([200, { title: 'Skies', messages: expected }]);
      expect(answer.headers.get('x-robots-tag')).toBe('noindex, nofollow');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(textsOf(answer)).toHaveLength(4);
    }
  });

  it('shows the same when the room goes on, has another title, and its reply is regenerated', async () => {
    const { room, last } = await roomOf(owner.http, { 'What is an atom?': 'Small.' });
    const { token } = await share(owner.http, room);
    const before = (await read(token)).body;
    await script(stack, 'What is an atom?', [{ type: 'answer', text: 'Very small.' }], 1);
    const regenerated = await owner.http.post<{ reply: Message }>(`/chatroom/${room}/message/${last.id}/regenerate`);
    expect((await outcome(owner.http, regenerated.body.reply)).content).toBe('Very small.');
    await outcome(owner.http, (await send(owner.http, room, 'And a quark?')).reply);
    await owner.http.patch(`/chatroom/${room}`, { title: 'Something private', archived: true });
    expect((await read(token)).body).toEqual(before);
    const again = await share(owner.http, room);
    expect(textsOf(await read(again.token)).slice(0, 2)).toEqual(['user: What is an atom?', 'bot: Very small.']);
    expect((await read(again.token)).body.title).toBe('Something private');
  });

  it('shows no exchange that was blocked; a room without any other has nothing to share', async () => {
    const room = await openRoom(owner.http);
    const share409 = async () => (await owner.http.post<Problem>(`/chatroom/${room}/share`)).body;
    expect(await share409()).toMatchObject({ status: 409, code: 'nothing_to_share' });
    await script(stack, 'Something bad', [{ type: 'prompt_blocked' }]);
    await outcome(owner.http, (await send(owner.http, room, 'Something bad')).reply);
    expect(await share409()).toMatchObject({ status: 409, code: 'nothing_to_share' });
    await script(stack, 'Something good', [{ type: 'answer', text: 'Gladly.' }]);
    await outcome(owner.http, (await send(owner.http, room, 'Something good')).reply);
    const { token } = await share(owner.http, room);
    expect(textsOf(await read(token))).toEqual(['user: Something good', 'bot: Gladly.']);
  });
});

describe('a share', () => {
  it('is listed to its owner, page by page, until it is revoked, and then shows nothing on any replica', async () => {
    const { room } = await roomOf(owner.http, { 'How many shares?': 'Three.' });
    const made: Share[] = [];
    for (let count = 0; count < 3; count++) made.unshift(await share(owner.http, room));
    type List = { items: Share[]; nextCursor: string | null };
    const list = async (query: string) => (await owner.http.get<List>(`/chatroom/${room}/share?${query}`)).body;
    const first = await list('limit=2');
    expect(first.items).toEqual(made.slice(0, 2));
    expect(await list(`limit=2&cursor=${first.nextCursor}`)).toEqual({ items: made.slice(2), nextCursor: null });

    const { token } = made[1]!;
    const revoke = () => owner.http.delete(`/chatroom/${room}/share/${token}`);
    expect((await revoke()).status).toBe(204);
    const unknown = faceOf(await read(UNKNOWN));
    expect(unknown[0]).toBe(404);
    expect(unknown[2]).toBe('noindex, nofollow');
    for (const api of [0, 1]) expect(faceOf(await read(token, api))).toEqual(unknown);
    for (const odd of ['x', 'A'.repeat(33), `${token}%00`, '%F0%9F%8E%89'])
      expect(faceOf(await read(odd))).toEqual(unknown);
    expect((await revoke()).body).toMatchObject({ status: 404, code: 'share_not_found' });
    expect((await list('')).items).toEqual([made[0], made[2]]);
    expect((await read(made[0]!.token)).status).toBe(200);
  });

  it('is made, listed and revoked by its owner alone', async () => {
    const { room } = await roomOf(owner.http, { 'Whose is it?': 'Yours.' });
    const { token } = await share(owner.http, room);
    const { http: other } = await signUpAndLogIn(stack.http);
    const { room: own } = await roomOf(other, { 'Whose is this?': 'Yours.' });
    const path = `/chatroom/${room}/share`;
    expect((await other.post(path)).body).toMatchObject({ status: 404, code: 'chatroom_not_found' });
    expect((await other.get(path)).body).toMatchObject({ status: 404, code: 'chatroom_not_found' });
    for (const where of [room, own]) {
      const answer = await other.delete(`/chatroom/${where}/share/${token}`);
      expect(answer.body).toMatchObject({ status: 404, code: 'share_not_found' });
    }
    expect((await stack.http.post(path)).status).toBe(401);
    expect((await read(token)).status).toBe(200);
  });

  it('ends with its room', async () => {
    const { room } = await roomOf(owner.http, { 'For how long?': 'Until its end.' });
    const { token } = await share(owner.http, room);
    expect((await owner.http.delete(`/chatroom/${room}`)).status).toBe(204);
    expect((await read(token)).status).toBe(404);
  });

  it('shows nothing while operators keep its owner out', async () => {
    const { http, id } = await signUpAndLogIn(stack.http);
    const { room } = await roomOf(http, { 'Am I blocked?': 'Not yet.' });
    const { token } = await share(http, room);
    await adminData(stack, `user block ${id} --reason spam --yes`);
    expect((await read(token)).status).toBe(404);
    await adminData(stack, `user unblock ${id}`);
    expect((await read(token)).status).toBe(200);
  });

  it('is in the export of the account, and ends with it', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { room } = await roomOf(http, { 'What is kept?': 'All of it.' });
    const { url, token, createdAt } = await share(http, room);
    const exported = (
      await http.get<{ shares: object[]; auditEvents: { action: string; detail: object }[] }>('/user/me/export')
    ).body;
    const id = expect.any(String) as string;
    expect(exported.shares).toEqual([
      { id, chatroomId: room, token, url, title: 'Skies', messages: [1, 2], createdAt },
    ]);
    const [deed] = exported.auditEvents.filter(({ action }) => action === 'chatroom_shared');
    expect(deed?.detail).toEqual({ chatroomId: room, shareId: id });
    expect((await http.delete('/user/me')).status).toBe(204);
    expect((await read(token)).status).toBe(404);
  });
});

describe('reading shares', () => {
  it('is limited for each address, whichever share it is', async () => {
    const api = stack.http.at(stack.api(2).url);
    const ask = (from: string) => api.get<Problem>(`/shared/${UNKNOWN}`, { 'x-forwarded-for': from });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await ask('203.0.113.9')).status);
    expect(statuses).toEqual([404, 404, 404, 429]);
    const refused = await ask('203.0.113.9');
    expect([refused.body.code, refused.headers.get('ratelimit-policy')]).toEqual(['rate_limited', '"shared";q=3;w=60']);
    expect((await ask('203.0.113.10')).status).toBe(404);
  });

  it('leaves no token in any log', async () => {
    const { room } = await roomOf(owner.http, { 'What is logged?': 'Routes.' });
    const { token } = await share(owner.http, room);
    await read(token);
    await owner.http.delete(`/chatroom/${room}/share/${token}`);
    await eventually(() => stack.api().log.find((line) => line.includes('share_revoked') && line.includes(room)));
    expect(stack.logs()).not.toContain(token);
    expect(stack.logs()).toContain('"route":"/shared/:token"');
  });
});
