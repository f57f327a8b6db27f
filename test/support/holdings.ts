import { Redis } from 'ioredis';
import pg from 'pg';
import type { Stack } from './stack.js';

/** One thing that is stored: a row or a key, with all that it says as text. */
export interface Holding {
  /** `postgresql <table>` or `redis <key>`. */
  where: string;
  text: string;
}

/** Every row of every table. */
export async function rowsOf(databaseUrl: string): Promise<Holding[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
    );
    const holdings: Holding[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM ${name} t`);
      holdings.push(...rows.map(({ text }) => ({ where: `postgresql ${name}`, text })));
    }
    return holdings;
  } finally {
    await client.end();
  }
}

/** Every key of the stack's Redis, with its value. */
export async function keysOf({ redis: { host, port, db } }: Stack): Promise<Holding[]> {
  const redis = new Redis({ host, port, db });
  try {
    const holdings: Holding[] = [];
    for await (const keys of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
      for (const key of keys) {
        holdings.push({ where: `redis ${key}`, text: `${key} ${JSON.stringify(await valueOf(redis, key))}` });
      }
    }
    return holdings;
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return null; // It has expired meanwhile.
  }
}

/** Where any of these texts is stored. */
export function placesOf(needles: string[], holdings: Holding[]): string[] {
  return holdings
    .filter(({ text }) => needles.some((needle) => text.includes(needle)))
    .map(({ where }) => where)
    .sort();
}
