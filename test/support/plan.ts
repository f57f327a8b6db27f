import pg from 'pg';

/** Gives a user the plan Pro as a finished sync with Stripe does, for tests that aren't about billing. */
export async function makePro(databaseUrl: string, userId: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO subscription (user_id, stripe_customer_id, status, plan) VALUES ($1, $2, 'active', 'pro')`,
      [userId, `cus_test_${userId}`],
    );
  } finally {
    await client.end();
  }
}
