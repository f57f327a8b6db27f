import 'reflect-metadata';
import { Database, DatabaseConfig, Metrics } from '@app/platform';
import { StripeSandboxServer } from '../../../../test/support/stripe-sandbox.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { UnknownCustomerError } from '../stripe/payment-gateway.errors.js';
import { StripePaymentGateway } from '../stripe/stripe.payment-gateway.js';
import { StripeCancellationService } from './stripe-cancellation.service.js';

let sandbox: StripeSandboxServer;
let testDatabase: TestDatabase;
let database: Database;
let gateway: StripePaymentGateway;
let cancellations: StripeCancellationService;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  sandbox = await StripeSandboxServer.start();
  const config = { STRIPE_SECRET_KEY: 'sk_test_sandbox', STRIPE_API_BASE_URL: sandbox.url };
  gateway = new StripePaymentGateway(config, new Metrics());
  cancellations = new StripeCancellationService(gateway, database);
});

afterAll(async () => {
  await sandbox.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

const pending = async (customerId: string): Promise<boolean> =>
  (await database.prisma.stripeCancellation.count({ where: { customerId } })) > 0;

describe('what a deleted account leaves behind at Stripe', () => {
  it('is done where the customer was deleted before', async () => {
    const customerId = await gateway.createCustomer('user-1', 'key-1');
    await gateway.deleteCustomer(customerId);
    await database.prisma.stripeCancellation.create({ data: { customerId } });
    await cancellations.carryOut(customerId);
    expect(await pending(customerId)).toBe(false);
  });

  it('is not forgotten where Stripe knows no such customer: the key may be another account’s', async () => {
    const customerId = 'cus_of_another_account';
    await database.prisma.stripeCancellation.create({ data: { customerId } });
    await expect(cancellations.carryOut(customerId)).rejects.toBeInstanceOf(UnknownCustomerError);
    expect(await pending(customerId)).toBe(true);
  });
});
