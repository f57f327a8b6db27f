import fc from 'fast-check';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl, type TrueCustomer, type TrueSubscription } from '../support/stripe-control.js';

/** What can be bought, by the price: Pro by either interval, and a third tier by the year. */
const OFFERS = {
  price_pro: { plan: 'pro', interval: 'month' },
  price_pro_year: { plan: 'pro', interval: 'year' },
  price_team_year: { plan: 'team', interval: 'year' },
} as const;
type Price = keyof typeof OFFERS;
/** In no file: it counts as the lowest paid plan. */
const FORGOTTEN = 'price_forgotten';

let stack: Stack;
let stripe: StripeControl;
let redis: Redis;

beforeAll(async () => {
  const PLANS_FILE = plansFile(({ plans }) => {
    plans.pro.prices = { month: { id: 'price_pro' }, year: { id: 'price_pro_year', trialDays: 14 } };
    plans['team'] = { ...plans.pro, label: 'Team', dailyMessages: 7, prices: { year: { id: 'price_team_year' } } };
  });
  stack = await startStack({
    apis: 2,
    workers: 2,
    env: { PLANS_FILE, STRIPE_RECONCILE_SECONDS: '1', RATE_LIMIT_CHECKOUT_PER_MINUTE: '1000' },
  });
  stripe = new StripeControl(stack.sandboxUrl);
  await stripe.call('POST', '/prices', { id: FORGOTTEN });
  redis = new Redis(stack.redis);
}, 120_000);
afterAll(async () => {
  redis?.disconnect();
  await stack?.stop();
});

/** What may befall a subscription, in the words of a test report. */
type Happening =
  | { it: 'buys'; price: Price }
  | { it: 'subscribes'; price: Price; at: 0 | 1; clicks: number; waits: boolean; to: string }
  | { it: 'switches to'; price: Price | typeof FORGOTTEN }
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
const price = fc.constantFrom(...(Object.keys(OFFERS) as Price[]));
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
  fc.record({ it: fc.constant('buys' as const), price }),
  fc.constant({ it: 'pays' as const }),
  fc.record({
    it: fc.constant('subscribes' as const),
    price,
    at: index,
    clicks: fc.integer({ min: 1, max: 3 }),
    waits: fc.boolean(),
    to: fc.constantFrom('welcome', 'thanks'),
  }),
  fc.record({
    it: fc.constant('switches to' as const),
    price: fc.oneof({ weight: 4, arbitrary: price }, { weight: 1, arbitrary: fc.constant(FORGOTTEN) }),
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
    price,
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: onItsWay },
        { weight: 2, arbitrary: delivery },
        { weight: 1, arbitrary: trouble },
      ),
      { minLength: 3, maxLength: 12 },
    ),
  )
  .map(([first, bought, rest]) => [first, { it: 'buys', price: bought }, ...rest]);

const hasEnded = ({ status }: TrueSubscription): boolean => ['canceled', 'incomplete_expired'].includes(status);

/** The plan that a subscription leads to. */
function planOf({ status, price }: TrueSubscription): string {
  if (!['active', 'trialing', 'past_due'].includes(status)) return 'basic';
  return price in OFFERS ? OFFERS[price as Price].plan : 'pro';
}

/** One user's life: what happens to it, and what is going on meanwhile. */
class Life {
  private readonly meanwhile: Promise<unknown>[] = [];

  constructor(private readonly person: Person) {}

  async happens(event: Happening): Promise<void> {
    switch (event.it) {
      case 'buys':
        await this.click(0, event.price);
        return this.pay();
      case 'subscribes':
        return this.subscribe(event);
      case 'pays':
        return this.pay();
      case 'switches to':
        return this.change({ price: event.price });
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
        await this.click(0, 'price_pro');
        return stripe.availability('up');
    }
  }

  /** Everything that was under way has come to an end, one way or the other. */
  async settles(): Promise<void> {
    await Promise.all(this.meanwhile);
  }

  private async subscribe({ price, at, clicks, waits, to }: Extract<Happening, { it: 'subscribes' }>): Promise<void> {
    const answers = Promise.all(Array.from({ length: clicks }, () => this.click(at, price, to)));
    if (waits) await answers;
    else this.meanwhile.push(answers);
  }

  private async click(at: 0 | 1, price: Price, to = 'welcome'): Promise<void> {
    const http = this.person.http.at(stack.api(at).url);
    const { plan, interval } = OFFERS[price];
    const request = { interval, successUrl: `http://localhost:3000/${to}` };
    const path = `/subscription/subscribe/${plan}`;
    const answer = await http.post(path, request).catch(() => 'its process died' as const);
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

  private async change(changes: { status?: string; price?: string; cancelAtPeriodEnd?: boolean }): Promise<void> {
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
      const truth = { plan: running ? planOf(running) : 'basic', status: running?.status ?? 'none' };
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
