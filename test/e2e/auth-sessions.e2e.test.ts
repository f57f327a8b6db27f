import type { LoginSession } from '@gemini-chat/client';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { logIn, newPhone, type Person, signUpAndLogIn, type Tokens } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

describe('sessions', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ apis: 2, workers: 0, sandbox: false });
  }, 90_000);
  afterAll(() => stack?.stop());

  const refresh = (refreshToken: string, http: HttpClient = stack.http) =>
    http.post<Tokens & { code: string }>('/auth/refresh', { refreshToken });
  const elsewhere = (http: HttpClient) => http.at(stack.api(1).url);
  const sessionsOf = async ({ http }: Person): Promise<LoginSession[]> =>
    (await http.get<{ items: LoginSession[] }>('/auth/sessions')).body.items;

  describe('a refresh', () => {
    it('brings fresh tokens and the user', async () => {
      const { tokens } = await signUpAndLogIn(stack.http);
      const { status, body } = await refresh(tokens.refreshToken);
      expect(status).toBe(200);
      expect(body).toEqual({
        accessToken: expect.any(String),
        tokenType: 'Bearer',
        expiresIn: 900,
        refreshToken: expect.any(String),
        refreshExpiresIn: 30 * 86_400,
        user: tokens.user,
      });
      expect((await stack.http.as(body.accessToken).get('/user/me')).status).toBe(200);
    });

    it('that is repeated since its answer was lost keeps the client logged in', async () => {
      const { tokens } = await signUpAndLogIn(stack.http);
      await refresh(tokens.refreshToken);
      const { body } = await refresh(tokens.refreshToken, elsewhere(stack.http));
      expect((await refresh(body.refreshToken)).status).toBe(200);
    });

    it('that runs 20 times at once, at two replicas, keeps the client logged in, whichever answer it keeps', async () => {
      const { tokens } = await signUpAndLogIn(stack.http);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => refresh(tokens.refreshToken, stack.http.at(stack.api(n % 2).url))),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
      for (const { body } of answers) {
        expect((await stack.http.as(body.accessToken).get('/user/me')).status).toBe(200);
      }
      const next = await Promise.all(answers.map(({ body }) => refresh(body.refreshToken)));
      expect(next.every(({ status }) => status === 200)).toBe(true);
    });

    it('with a stolen token ends the session as soon as both have used it', async () => {
      const { tokens, http } = await signUpAndLogIn(stack.http);
      const thief = (await refresh((await refresh(tokens.refreshToken)).body.refreshToken)).body;

      const victim = await refresh(tokens.refreshToken);
      expect(victim).toMatchObject({ status: 401, body: { code: 'refresh_token_reused' } });
      expect((await stack.http.as(thief.accessToken).get('/user/me')).status).toBe(401);
      expect((await elsewhere(stack.http).as(thief.accessToken).get('/user/me')).status).toBe(401);
      expect((await http.get('/user/me')).status).toBe(401);
      expect((await refresh(thief.refreshToken)).status).toBe(401);
    });

    it('with a stolen token, within a minute of the owner’s, ends the session once the owner has used the answer', async () => {
      const { tokens } = await signUpAndLogIn(stack.http);
      const owner = (await refresh(tokens.refreshToken)).body;
      expect((await stack.http.as(owner.accessToken).get('/user/me')).status).toBe(200);

      const thief = await refresh(tokens.refreshToken, elsewhere(stack.http));
      expect(thief).toMatchObject({ status: 401, body: { code: 'refresh_token_reused' } });
      expect((await stack.http.as(owner.accessToken).get('/user/me')).status).toBe(401);
      expect((await refresh(owner.refreshToken)).status).toBe(401);
    });

    it('that is repeated is shown to the user', async () => {
      const person = await signUpAndLogIn(stack.http);
      await refresh(person.tokens.refreshToken);
      expect((await sessionsOf(person))[0]?.refreshRepeatedAt).toBeNull();
      await refresh(person.tokens.refreshToken, elsewhere(stack.http));
      const [session] = await sessionsOf(person);
      expect(Date.parse(session?.refreshRepeatedAt ?? '')).toBeGreaterThanOrEqual(
        Date.parse(session?.lastUsedAt ?? ''),
      );
      await eventually(() => stack.logs().includes('A refresh was repeated'));
    });

    it('with a stolen token ends no other session', async () => {
      const { tokens, phone } = await signUpAndLogIn(stack.http);
      const other = await logIn(stack.http, phone);
      await refresh((await refresh(tokens.refreshToken)).body.refreshToken);
      await refresh(tokens.refreshToken);
      expect((await other.http.get('/user/me')).status).toBe(200);
    });

    it.each(['', 'nonsense', 'A'.repeat(86), 'A'.repeat(200)])('with %j is refused', async (refreshToken) => {
      expect(await refresh(refreshToken)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    });
  });

  describe('a logout', () => {
    it('ends the session at once, on every replica', async () => {
      const { http, tokens } = await signUpAndLogIn(stack.http);
      expect((await elsewhere(http).get('/user/me')).status).toBe(200);
      expect(await http.post('/auth/logout')).toMatchObject({ status: 204, body: undefined });
      expect((await elsewhere(http).get('/user/me')).status).toBe(401);
      expect((await http.get('/user/me')).status).toBe(401);
      expect((await refresh(tokens.refreshToken)).status).toBe(401);
    });

    it('is still one after a crash of everything that remembers', async () => {
      const [leaver, stayer] = [await signUpAndLogIn(stack.http), await signUpAndLogIn(stack.http)];
      const used = (await refresh((await refresh(stayer.tokens.refreshToken)).body.refreshToken)).body;
      await leaver.http.post('/auth/logout');
      await refresh(stayer.tokens.refreshToken);
      const remains = await signUpAndLogIn(stack.http);

      await Promise.all(stack.apis.map((api) => api.kill('SIGKILL')));
      const { host, port, db } = stack.redis;
      const redis = new Redis({ host, port, db });
      await redis.flushdb();
      redis.disconnect();
      await Promise.all(stack.apis.map((api) => api.restart()));

      for (const { url } of stack.apis) {
        expect((await leaver.http.at(url).get('/user/me')).status).toBe(401);
        expect((await stack.http.at(url).as(used.accessToken).get('/user/me')).status).toBe(401);
        expect((await remains.http.at(url).get('/user/me')).status).toBe(200);
      }
    }, 120_000);
  });

  describe('the list', () => {
    it('shows where the user is logged in, the newest first, a page at a time', async () => {
      const phone = newPhone();
      const first = await signUpAndLogIn(stack.http, phone);
      const second = await logIn(stack.http, phone);
      const third = await logIn(stack.http, phone);
      await signUpAndLogIn(stack.http);

      const sessions = await sessionsOf(second);
      expect(sessions).toHaveLength(3);
      expect(sessions.map(({ current }) => current)).toEqual([false, true, false]);
      expect(sessions[0]).toEqual({
        id: expect.any(String),
        createdAt: expect.stringMatching(/Z$/),
        lastUsedAt: expect.stringMatching(/Z$/),
        userAgent: 'node',
        ip: '127.0.0.1',
        refreshRepeatedAt: null,
        current: false,
      });

      type Page = { items: LoginSession[]; nextCursor: string | null };
      const page = (await third.http.get<Page>('/auth/sessions?limit=2')).body;
      expect(page.items).toEqual((await sessionsOf(third)).slice(0, 2));
      const rest = (await third.http.get<Page>(`/auth/sessions?limit=2&cursor=${page.nextCursor}`)).body;
      expect(rest).toEqual({ items: (await sessionsOf(third)).slice(2), nextCursor: null });
      expect((await sessionsOf(first)).find(({ current }) => current)?.id).toBe(rest.items[0]?.id);
    });

    it('shows the last refresh', async () => {
      const person = await signUpAndLogIn(stack.http);
      const [before] = await sessionsOf(person);
      await stack.http.post('/auth/refresh', { refreshToken: person.tokens.refreshToken }, { 'user-agent': 'phone' });
      const [after] = await sessionsOf(person);
      expect(after).toMatchObject({ id: before?.id, userAgent: 'phone' });
      expect(Date.parse(after?.lastUsedAt ?? '')).toBeGreaterThan(Date.parse(before?.lastUsedAt ?? ''));
    });

    it('lets a user end another session, at once, everywhere', async () => {
      const lost = await signUpAndLogIn(stack.http);
      const mine = await logIn(stack.http, lost.phone);
      const session = (await sessionsOf(mine)).find(({ current }) => !current);
      expect((await mine.http.delete(`/auth/sessions/${session?.id}`)).status).toBe(204);
      expect((await elsewhere(lost.http).get('/user/me')).status).toBe(401);
      expect(await sessionsOf(mine)).toHaveLength(1);
      const again = await mine.http.delete(`/auth/sessions/${session?.id}`);
      expect(again).toMatchObject({ status: 404, body: { code: 'session_not_found' } });
    });

    it('lets a user end all others together, at once, everywhere, as often as asked', async () => {
      const first = await signUpAndLogIn(stack.http);
      const others = [first, await logIn(stack.http, first.phone), await logIn(stack.http, first.phone)];
      const [mine, theirs] = [await logIn(stack.http, first.phone), await signUpAndLogIn(stack.http)];
      for (const attempt of ['once', 'twice']) {
        expect([attempt, (await mine.http.delete('/auth/sessions')).status]).toEqual([attempt, 204]);
      }
      for (const { http, tokens } of others) {
        expect((await elsewhere(http).get('/user/me')).status).toBe(401);
        expect((await http.get('/user/me')).status).toBe(401);
        expect((await refresh(tokens.refreshToken)).status).toBe(401);
      }
      expect((await sessionsOf(mine)).map(({ current }) => current)).toEqual([true]);
      expect((await refresh(mine.tokens.refreshToken)).status).toBe(200);
      expect((await theirs.http.get('/user/me')).status).toBe(200);
      expect((await stack.http.delete('/auth/sessions')).status).toBe(401);
    });

    it('lets no one end the session of another user', async () => {
      const [mine, theirs] = [await signUpAndLogIn(stack.http), await signUpAndLogIn(stack.http)];
      const [session] = await sessionsOf(theirs);
      const answer = await mine.http.delete(`/auth/sessions/${session?.id}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'session_not_found' } });
      expect((await theirs.http.get('/user/me')).status).toBe(200);
    });
  });
});
