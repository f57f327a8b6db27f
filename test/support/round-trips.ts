import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { registeredStatements } from '@app/platform/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { TestDatabase, TestRedis } from './services.js';

/** How often something was done, by its name. */
export type Counts = Record<string, number>;

/** What the processes of a stack have asked PostgreSQL and Redis for. */
export interface RoundTrips {
  /** PostgreSQL's statements: registered ones by their names, others by their text. */
  statements: Counts;
  /** What came over connections to Redis: each is an answer that a process waits for. A script counts as one. */
  calls: Counts;
  /** The commands that scripts ran within Redis. */
  inner: Counts;
}

/** The name of BullMQ's scripts by the number of their keys, as far as the product runs them. */
const SCRIPTS_BY_KEYS: Record<string, string> = {
  1: 'with one key',
  2: 'extendLock',
  9: 'addJob',
  11: 'moveToActive',
  14: 'moveToFinished',
};

/** A command, and which script it runs, as well as the arguments tell. */
function nameOf(args: string[]): string {
  const [command = '', , keys = '', key = ''] = args;
  const name = command.toUpperCase();
  if (name === 'SET' && /:probe$/.test(args[1] ?? '')) return 'SET probe';
  if (name !== 'EVALSHA' && name !== 'EVAL') return name;
  return `${name} ${/^[^:]*bull/.test(key) ? (SCRIPTS_BY_KEYS[keys] ?? `with ${keys} keys`) : key.replace(/[:{].*/, '')}`;
}

/** Counts what the product asks PostgreSQL and Redis for. To be stopped. */
export class RoundTripCounter {
  private calls: Counts = {};
  private inner: Counts = {};
  /** What is to happen once Redis has told of a mark. */
  private readonly marks = new Map<string, () => void>();

  private constructor(
    private readonly client: pg.Client,
    private readonly names: Map<string, string>,
    private readonly redis: Redis,
    private readonly monitor: Socket,
    private readonly db: number,
  ) {
    createInterface({ input: monitor }).on('line', (line) => this.hear(line));
  }

  /** A line of MONITOR: `+1795675805.216721 [4 127.0.0.1:54938] "evalsha" "…"`, or `lua` in place of the address. */
  private hear(line: string): void {
    const [, database, source, command = ''] = /^\+[\d.]+ \[(\d+) (\S+)\] (.*)$/.exec(line) ?? [];
    if (Number(database) !== this.db) return;
    const args = Array.from(command.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, text = '']) => text);
    if (args[0] === 'echo') return this.marks.get(args[1] ?? '')?.();
    const counts = source === 'lua' ? this.inner : this.calls;
    const name = nameOf(args);
    counts[name] = (counts[name] ?? 0) + 1;
  }

  /** @throws Error when the server doesn't count: `shared_preload_libraries` has to have `pg_stat_statements` */
  static async start({ url }: TestDatabase, redis: TestRedis): Promise<RoundTripCounter> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('CREATE EXTENSION pg_stat_statements');
    const names = new Map<string, string>();
    for (const { name, text } of registeredStatements()) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN, VERBOSE) ${text}`);
      const id = rows.map((row) => /^Query Identifier: (-?\d+)$/.exec(row['QUERY PLAN'])?.[1]).find(Boolean);
      names.set(id ?? '', name);
    }
    // By hand: the client takes what MONITOR tells before it has read its first answer for answers.
    const monitor = connect(redis.port, redis.host);
    monitor.write('MONITOR\r\n');
    await once(monitor, 'data');
    return new RoundTripCounter(client, names, new Redis(redis), monitor, redis.db);
  }

  /** Counts from here on. */
  async reset(): Promise<void> {
    await this.seen();
    this.calls = {};
    this.inner = {};
    await this.client.query('SELECT pg_stat_statements_reset(0, 0, 0)');
  }

  /** What was counted since {@link reset}, without what this counter asks for itself. */
  async read(): Promise<RoundTrips> {
    await this.seen();
    const { rows } = await this.client.query<{ id: string; query: string; calls: string }>(
      `SELECT queryid::text AS id, query, calls FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
       WHERE datname = current_database() AND userid <> current_user::regrole`,
    );
    const statements = rows.map(({ id, query, calls }) => [this.names.get(id) ?? query, Number(calls)] as const);
    return { statements: Object.fromEntries(statements), calls: { ...this.calls }, inner: { ...this.inner } };
  }

  async stop(): Promise<void> {
    this.monitor.destroy();
    this.redis.disconnect();
    await this.client.end();
  }

  /** Waits until MONITOR has told of all that Redis has done so far. */
  private async seen(): Promise<void> {
    const mark = `mark-${randomUUID()}`;
    const told = new Promise<void>((resolve) => this.marks.set(mark, resolve));
    await this.redis.echo(mark);
    await told;
    this.marks.delete(mark);
  }
}
