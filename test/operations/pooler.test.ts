import { eventually } from '../support/eventually.js';
import { logIn, type Person, sendOtp, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, quotaOf, script, send } from '../support/messages.js';
import { availablePoolers, type Pooler } from '../support/deployments/pooler.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

const poolers = await availablePoolers();

describe.each(poolers)(
  'through $name, with fewer connections than the product has,',
  ({ preparedStatements, start }) => {
    let pooler: Pooler;
    let stack: Stack;

    beforeAll(async () => {
      pooler = await start({ default_pool_size: 4 });
      const env = { DATABASE_PREPARED_STATEMENTS: preparedStatements };
      stack = await startStack({ apis: 2, workers: 2, pooler, env });
    }, 90_000);
    afterAll(async () => {
      await stack?.stop();
      await pooler?.stop();
    });

    const untilPlan = (person: Person, plan: string) =>
      eventually(async () => (await person.http.get('/user/me')).body['plan'] === plan, { withinMs: 60_000 });

    /** Signs up, talks, buys Pro, stops a reply, searches, takes the data along and leaves. */
    async function live(index: number): Promise<void> {
      const signedUp = await signUpAndLogIn(stack.http.at(stack.api(index % 2).url), undefined, `Person ${index}`);
      const person = await logIn(stack.http, signedUp.phone);
      const { http } = person;
      const room = await openRoom(http);
      const first = await send(http, room, `What about zebra number ${index}?`);
      expect(await outcome(http, first.reply, 60_000)).toMatchObject({ status: 'completed' });
      expect(await quotaOf(http)).toMatchObject({ used: 1 });

      const { body } = await http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
      await new StripeControl(stack.sandboxUrl).pay(body.checkoutUrl);
      await untilPlan(person, 'pro');

      const endless = `Never end this, ${index}`;
      await script(stack, endless, [{ type: 'hang' }]);
      const second = await send(http, room, endless);
      expect((await http.post(`/chatroom/${room}/message/${second.reply.id}/cancel`)).status).toBe(200);
      expect(await outcome(http, second.reply, 60_000)).toMatchObject({ status: 'cancelled' });

      const found = await http.get<{ items: { chatroomId: string }[] }>('/search?q=zebra');
      expect(found.body.items.map(({ chatroomId }) => chatroomId)).toContain(room);
      const { body: file } = await http.get('/user/me/export');
      expect(file).toMatchObject({ account: { id: person.id }, chatrooms: [{ id: room }] });

      expect((await http.delete('/user/me')).status).toBe(204);
      expect((await http.get('/user/me')).status).toBe(401);
    }

    it('twelve people at once live their whole lives', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => live(index)));
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
      const failures = [...stack.apis, ...stack.workers].flatMap(({ log }) =>
        log.filter((line) => /"level":"(?:error|fatal)"/.test(line)),
      );
      expect(failures).toEqual([]);
    }, 240_000);

    it('every code that is asked for at once is a user’s own', async () => {
      const people = await Promise.all(Array.from({ length: 5 }, () => signUpAndLogIn(stack.http)));
      const challenges = await Promise.all(people.map(({ phone }) => sendOtp(stack.http, phone)));
      expect(new Set(challenges.map(({ challengeId }) => challengeId)).size).toBe(5);
    }, 90_000);
  },
);
