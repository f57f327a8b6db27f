import 'reflect-metadata';
import { UnauthenticatedError } from '@app/auth';
import { Database, uuidv7 } from '@app/platform';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { LeaseLostError } from './customer-lease.errors.js';
import { type CustomerLease, CustomerLeaseStore } from './customer-lease.store.js';
import { SubscriptionStore } from './subscription.store.js';

let testDatabase: TestDatabase;
let database: Database;
let leases: CustomerLeaseStore;
let store: SubscriptionStore;
let userId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database({
    DATABASE_URL: testDatabase.url,
    DATABASE_POOL_SIZE: 10,
    DATABASE_PREPARED_STATEMENTS: 'on',
  });
  leases = new CustomerLeaseStore(database);
  store = new SubscriptionStore(database);
}, 60_000);
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});
beforeEach(async () => {
  userId = uuidv7();
  await database.prisma.user.create({ data: { id: userId, phone: `+1${userId}` } });
});

/** As if its holder had died some time ago. */
const letExpire = () =>
  database.pool.query("UPDATE subscription SET lease_until = now() - interval '1 second' WHERE user_id = $1", [userId]);

/** Holds a lease until it is told to release it. */
async function holder(): Promise<{ lease: CustomerLease; release: () => void; released: Promise<unknown> }> {
  let release = (): void => undefined;
  const told = new Promise<void>((resolve) => (release = resolve));
  return new Promise((resolve) => {
    const released: Promise<unknown> = leases.withUserLease(userId, (lease) => {
      setImmediate(() => resolve({ lease, release, released }));
      return told;
    });
  });
}

describe('a lease on a customer', () => {
  it('is held by one at a time', async () => {
    let holders = 0;
    const work = async (): Promise<void> => {
      expect(++holders).toBe(1);
      await database.pool.query('SELECT pg_sleep(0.01)');
      holders--;
    };
    await Promise.all(Array.from({ length: 10 }, () => leases.withUserLease(userId, work)));
    expect.assertions(10);
  });

  it('is released when the work fails', async () => {
    const broken = leases.withUserLease(userId, () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    await expect(leases.withUserLease(userId, () => Promise.resolve('mine'))).resolves.toBe('mine');
  });

  it('is refused at once to background work, of which there will be more', async () => {
    const { lease, release, released } = await holder();
    await store.saveCustomer(lease, `cus_${userId}`);
    await expect(leases.withCustomerLease(`cus_${userId}`, () => Promise.resolve('mine'))).resolves.toBeNull();
    release();
    await released;
    await expect(leases.withCustomerLease(`cus_${userId}`, () => Promise.resolve('mine'))).resolves.toBe('mine');
  });

  it('that ran out passes to the next, and its former holder can store nothing any more', async () => {
    const former = await holder();
    await letExpire();
    await leases.withUserLease(userId, async (lease) => {
      expect(lease.fencingToken).toBe(former.lease.fencingToken + 1);
      await store.saveCustomer(lease, `cus_new_${userId}`);
    });
    const sale = { priceId: 'price_1', trialDays: 0, promotionCodes: false, automaticTax: false };
    const terms = { ...sale, successUrl: 'http://a', cancelUrl: 'http://b' };
    await expect(store.saveCustomer(former.lease, 'cus_old')).rejects.toThrow(LeaseLostError);
    await expect(store.beginCheckout(former.lease, terms)).rejects.toThrow(LeaseLostError);
    await expect(store.forgetCustomer(former.lease)).rejects.toThrow(LeaseLostError);
    former.release();
    await former.released;
    const row = await database.prisma.subscription.findUnique({ where: { userId } });
    expect(row?.stripeCustomerId).toBe(`cus_new_${userId}`);
    expect(await store.checkout(userId)).toBeNull();
  });

  it('that passed on is not released by its former holder', async () => {
    const former = await holder();
    await letExpire();
    const next = await holder();
    former.release();
    await former.released;
    await store.saveCustomer(next.lease, `cus_${userId}`);
    await expect(leases.withCustomerLease(`cus_${userId}`, () => Promise.resolve('mine'))).resolves.toBeNull();
    next.release();
    await next.released;
  });

  it('of a deleted account leaves its customer to be ended at Stripe', async () => {
    const { lease, release, released } = await holder();
    await database.prisma.user.delete({ where: { id: userId } });
    const customerId = `cus_${userId}`;
    await expect(store.saveCustomer(lease, customerId)).rejects.toThrow(LeaseLostError);
    await store.abandonCustomer(customerId, userId);
    release();
    await released;
    expect(await database.prisma.stripeCancellation.findUnique({ where: { customerId } })).not.toBeNull();
  });

  it('of a deleted account is neither waited for nor lost: the account’s token counts no more', async () => {
    const lost = leases.withUserLease(userId, async (lease) => {
      await database.prisma.user.delete({ where: { id: userId } });
      await store.saveCustomer(lease, `cus_${userId}`);
    });
    await expect(lost).rejects.toThrow(UnauthenticatedError);
    await expect(leases.withUserLease(userId, () => Promise.resolve('mine'))).rejects.toThrow(UnauthenticatedError);
  });

  it('that is lost is claimed anew for the work, twice at most', async () => {
    const loseFor = (times: number) => {
      let claims = 0;
      return leases.withUserLease(userId, async (lease) => {
        if (++claims <= times) await database.prisma.subscription.delete({ where: { userId } });
        await store.saveCustomer(lease, `cus_${userId}_${claims}`);
        return claims;
      });
    };
    expect(await loseFor(2)).toBe(3);
    const row = await database.prisma.subscription.findUnique({ where: { userId } });
    expect(row?.stripeCustomerId).toBe(`cus_${userId}_3`);
    await expect(loseFor(3)).rejects.toThrow(LeaseLostError);
  });

  it('lets no way of deleting an account forget its customer', async () => {
    const customerId = `cus_${userId}`;
    await leases.withUserLease(userId, (lease) => store.saveCustomer(lease, customerId));
    await database.prisma.user.delete({ where: { id: userId } });
    expect(await database.prisma.stripeCancellation.findUnique({ where: { customerId } })).not.toBeNull();
  });
});
