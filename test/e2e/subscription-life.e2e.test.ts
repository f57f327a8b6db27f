import fc from 'fast-check';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl, type TrueCustomer, type TrueSubscription } from '../support/stripe-control.js';

let stack: Stack;
let stripe: StripeControl;
let redis: Redis;

beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 2, env: { STRIPE_RECONCILE_SECONDS: '1' } });
  stripe = new StripeControl(stack.sandboxUrl);
  redis = new Redis(stack.redis);
}, 120_000);
afterAll(async () => {
  redis?.disconnect();
  await stack?.stop();
});

/** What may befall a subscription, in the words of a test report. */
type Happening =
  | { it: 'buys' }
  | { it: 'subscribes'; at: 0 | 1; clicks: number; waits: boolean; to: string }
  | { it: 'pays' }
  | { it: 'becomes'; status: string }
  | { it: 'is to end with its period'; really: boolean }
  | { it: 'has a card'; outcome: 'succeeds' | 'declines' }
  | { it: 'waits'; days: number }
  | { it: 'gets the webhooks that were held'; order: number[] }
  | { it: 'loses its webhooks'; as: 'failed' | 'acknowledged' }
  | { it: 'gets its webhooks'; copies: number; delayMs: number }
  | { it: 'has its webhooks held' }
  | { it: 'sees a process die'; app: 'api' | 'worker'; index: 0 | 1 }
  | { it: 'sees Redis forget everything' }
  | { it: 'finds Stripe away'; mode: 'unavailable' | 'reset' };

const index = fc.constantFrom(0 as const, 1 as const);
const status = fc.constantFrom('active', 'trialing', 'past_due', 'unpaid', 'paused', 'hibernating', 'canceled');
/** How webhooks fare from now on. */
const delivery: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    it: fc.constant('loses its webhooks' as const),
    as: fc.constantFrom('failed' as const, 'acknowledged' as const),
  }),
  fc.record({
    it: fc.constant('gets its webhooks' as const),
    copies: fc.integer({ min: 1, max: 3 }),
    delayMs: fc.integer({ min: 0, max: 300 }),
  }),
  fc.constant({ it: 'has its webhooks held' as const }),
);

const onItsWay: fc.Arbitrary<Happening> = fc.oneof(
  fc.constant({ it: 'buys' as const }),
  fc.constant({ it: 'pays' as const }),
  fc.record({
    it: fc.constant('subscribes' as const),
    at: index,
    clicks: fc.integer({ min: 1, max: 3 }),
    waits: fc.boolean(),
    to: fc.constantFrom('welcome', 'thanks'),
  }),
  fc.record({ it: fc.constant('becomes' as const), status }),
  fc.record({ it: fc.constant('becomes' as const), status }),
  fc.record({ it: fc.constant('is to end with its period' as const), really: fc.boolean() }),
  fc.record({
    it: fc.constant('has a card' as const),
    outcome: fc.constantFrom('succeeds' as const, 'declines' as const),
  }),
  fc.record({ it: fc.constant('waits' as const), days: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    it: fc.constant('gets the webhooks that were held' as const),
    order: fc.array(fc.nat({ max: 99 }), { minLength: 10, maxLength: 30 }),
  }),
);

const trouble: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    it: fc.constant('sees a process die' as const),
    app: fc.constantFrom('api' as const, 'worker' as const),
    index,
  }),
  fc.constant({ it: 'sees Redis forget everything' as const }),
  fc.record({
    it: fc.constant('finds Stripe away' as const),
    mode: fc.constantFrom('unavailable' as const, 'reset' as const),
  }),
);

/** A purchase, under any delivery, and whatever may follow. */
const life: fc.Arbitrary<Happening[]> = fc
  .tuple(
    delivery,
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: onItsWay },
        { weight: 2, arbitrary: delivery },
        { weight: 1, arbitrary: trouble },
      ),
      { minLength: 3, maxLength: 12 },
    ),
  )
  .map(([first, rest]) => [first, { it: 'buys' }, ...rest]);

const hasEnded = ({ status }: TrueSubscription): boolean => ['canceled', 'incomplete_expired'].includes(status);
const isPro = ({ status }: TrueSubscription): boolean => ['active', 'trialing', 'past_due'].includes(status);

/** One user's life: what happens to it, and what is going on meanwhile. */
class Life {
  private readonly meanwhile: Promise<unknown>[] = [];

  constructor(private readonly person: Person) {}

  async happens(event: Happening): Promise<void> {
    switch (event.it) {
      case 'buys':
        await this.click(0);
        return this.pay();
      case 'subscribes':
        return this.subscribe(event);
      case 'pays':
        return this.pay();
      case 'becomes':
        return this.change({ status: event.status });
      case 'is to end with its period':
        return this.change({ cancelAtPeriodEnd: event.really });
      case 'has a card':
        return this.ofCustomer(({ id }) => stripe.call('PUT', `/customers/${id}/card`, { outcome: event.outcome }));
      case 'waits':
        return stripe.advance({ days: event.days });
      case 'gets the webhooks that were held':
        return this.release(event.order);
      case 'loses its webhooks':
        return stripe.deliver({ drop: event.as });
      case 'gets its webhooks':
        return stripe.deliver({ copies: event.copies, delayMs: [0, event.delayMs] });
      case 'has its webhooks held':
        return stripe.deliver({ hold: true });
      case 'sees a process die':
        return this.crash(event.app, event.index);
      case 'sees Redis forget everything':
        await redis.flushdb();
        return;
      case 'finds Stripe away':
        await stripe.availability(event.mode);
        await this.click(0);
        return stripe.availability('up');
    }
  }

  /** Everything that was under way has come to an end, one way or the other. */
  async settles(): Promise<void> {
    await Promise.all(this.meanwhile);
  }

  private async subscribe({ at, clicks, waits, to }: Extract<Happening, { it: 'subscribes' }>): Promise<void> {
    const answers = Promise.all(Array.from({ length: clicks }, () => this.click(at, to)));
    if (waits) await answers;
    else this.meanwhile.push(answers);
  }

  private async click(at: 0 | 1, to = 'welcome'): Promise<void> {
    const http = this.person.http.at(stack.api(at).url);
    const urls = { successUrl: `http://localhost:3000/${to}` };
    const answer = await http.post('/subscription/subscribe/pro', urls).catch(() => 'its process died' as const);
    if (answer !== 'its process died' && ![201, 409, 503].includes(answer.status)) {
      throw new Error(`A click was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
  }

  /** Pays whatever can be paid, also a page that our API never told of. */
  private async pay(): Promise<void> {
    await this.ofCustomer(async ({ sessions }) => {
      const open = sessions.find(({ status }) => status === 'open');
      if (open !== undefined) await stripe.call('POST', `/checkout/${open.id}/pay`).catch(() => undefined);
    });
  }

  private async change(changes: { status?: string; cancelAtPeriodEnd?: boolean }): Promise<void> {
    await this.ofCustomer(async ({ subscriptions }) => {
      const running = subscriptions.find((subscription) => !hasEnded(subscription));
      if (running !== undefined) await stripe.change(running.id, changes).catch(() => undefined);
    });
  }

  private async release(order: number[]): Promise<void> {
    const held = (await stripe.deliveries('?state=held')).map(({ id }) => id);
    const ids = order.map((number) => held[number % Math.max(1, held.length)]).filter((id) => id !== undefined);
    if (ids.length > 0) await stripe.call('POST', '/deliveries/release', { ids });
  }

  private async crash(app: 'api' | 'worker', at: 0 | 1): Promise<void> {
    const process = app === 'api' ? stack.api(at) : stack.worker(at);
    await process.kill('SIGKILL');
    await process.restart();
  }

  private async ofCustomer(work: (customer: TrueCustomer) => Promise<unknown>): Promise<void> {
    const [customer] = await stripe.customersOf(this.person.id);
    if (customer !== undefined) await work(customer);
  }
}

async function expectNoDoublePayment(userId: string): Promise<void> {
  const customers = await stripe.customersOf(userId);
  expect(customers.length).toBeLessThanOrEqual(1);
  expect(customers.flatMap(({ subscriptions }) => subscriptions).filter((one) => !hasEnded(one)).length).toBeLessThan(
    2,
  );
  expect(customers.flatMap(({ sessions }) => sessions).filter((one) => one.status === 'open').length).toBeLessThan(2);
}

describe('the plan', () => {
  it('is the true one in the end, and no one pays twice, whatever happens to a subscription and its webhooks', async () => {
    const trueInTheEnd = fc.asyncProperty(life, async (happenings) => {
      const person = await signUpAndLogIn(stack.http);
      const subscription = new Life(person);
      for (const event of happenings) {
        await subscription.happens(event);
        await expectNoDoublePayment(person.id);
      }
      await subscription.settles();
      await expectNoDoublePayment(person.id);
      const subscriptions = (await stripe.customersOf(person.id)).flatMap((customer) => customer.subscriptions);
      const running = subscriptions.find((one) => !hasEnded(one)) ?? subscriptions[0];
      const truth = { plan: running && isPro(running) ? 'pro' : 'basic', status: running?.status ?? 'none' };
      await eventually(
        async () => {
          const { body } = await person.http.get('/subscription/status');
          expect({ plan: body['plan'], status: body['status'] }).toEqual(truth);
          return true;
        },
        { withinMs: 30_000, everyMs: 100 },
      );
      await stripe.deliver({});
    });
    await fc.assert(trueInTheEnd, { numRuns: Number(process.env['LIVES'] ?? 10), endOnFailure: true });
  }, 1_800_000);
});
