import { Redis } from 'ioredis';
import pg from 'pg';
import type { Stack } from '../stack.js';

/** A stored row or key, with its content as text. */
export interface StoredItem {
  /** `postgresql <table>` or `redis <key>`. */
  where: string;
  text: string;
}

/** Every row of every table. */
export async function rowsOf(databaseUrl: string): Promise<StoredItem[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
    );
    const items: StoredItem[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM ${name} t`);
      items.push(...rows.map(({ text }) => ({ where: `postgresql ${name}`, text })));
    }
    return items;
  } finally {
    await client.end();
  }
}

/** Every key of the stack's Redis, with its value. */
export async function keysOf({ redis: { host, port, db } }: Stack): Promise<StoredItem[]> {
  const redis = new Redis({ host, port, db });
  try {
    const items: StoredItem[] = [];
    for await (const keys of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
      for (const key of keys) {
        items.push({ where: `redis ${key}`, text: `${key} ${JSON.stringify(await valueOf(redis, key))}` });
      }
    }
    return items;
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

/** The places in which any of these texts is stored. */
export function placesOf(texts: string[], items: StoredItem[]): string[] {
  return items
    .filter((item) => texts.some((text) => item.text.includes(text)))
    .map(({ where }) => where)
    .sort();
}
