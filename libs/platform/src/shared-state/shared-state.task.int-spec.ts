import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { eventually } from '../../../../test/support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { Database } from '../database/database.client.js';
import { DatabaseConfig } from '../database/database.config.js';
import { ProcessLeaseStore } from './process-lease.store.js';
import { Metrics } from '../metrics/metrics.registry.js';
import { SharedState } from '../metrics/shared-state.registry.js';
import { SharedStateTask } from './shared-state.task.js';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});
beforeEach(() => database.pool.query('DELETE FROM process_lease'));

/** A process that reads two things, the second of them by `read`. */
function worker(read: () => Promise<void> = () => Promise.resolve(), leases = new ProcessLeaseStore(database)) {
  const metrics = new Metrics();
  const share = (name: string, readIt: (gauge: Gauge) => Promise<void>) => {
    const state: SharedState = new SharedState(name, () => readIt(gauge));
    const gauge = new Gauge({ name, help: 'Shared', registers: [state] });
    metrics.share(state);
  };
  share('steady', async (gauge) => gauge.set(1));
  share('changing', async (gauge) => {
    await read();
    gauge.set(2);
  });
  const task = new SharedStateTask(metrics, leases);
  const exported = async (): Promise<string[]> =>
    (await metrics.metrics()).split('\n').filter((line) => /^(?:steady|changing) /.test(line));
  return { task, exported };
}

const ALL = ['steady 1', 'changing 2'];

/** As if the holder had not extended its lease for long. */
const expireLease = () => database.pool.query(`UPDATE process_lease SET lease_until = now() - interval '1 ms'`);

/**
 * Waits until a second process exports what a first one did, which has ended. That waits for PostgreSQL a second at most, and
 * releases its lease all the same; the lease itself would last longer than this waits.
 */
const expectTakenOver = (first: ReturnType<typeof worker>, second: ReturnType<typeof worker>) =>
  eventually(
    async () => {
      await second.task.round();
      expect([await first.exported(), await second.exported()]).toEqual([[], ALL]);
      return true;
    },
    { withinMs: 5_000 },
  );

it('is exported by one process alone', async () => {
  const [first, second] = [worker(), worker()];
  for (let round = 0; round < 2; round++) {
    await first.task.round();
    await second.task.round();
    expect([await first.exported(), await second.exported()]).toEqual([ALL, []]);
  }
});

it('is exported by another one once the lease was not extended, and by the first no more', async () => {
  const [first, second] = [worker(), worker()];
  await first.task.round();
  await expireLease();
  await second.task.round();
  await first.task.round();
  expect([await first.exported(), await second.exported()]).toEqual([[], ALL]);
});

it('is exported by another one at once when the first one ends', async () => {
  const [first, second] = [worker(), worker()];
  await first.task.round();
  await first.task.onModuleDestroy();
  await expectTakenOver(first, second);
});

/** What waits until the test opens it. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('a round that is under way when its process ends', () => {
  /** A connection to PostgreSQL that comes about late, as far as claims go. */
  class LateClaims extends ProcessLeaseStore {
    readonly connection = gate();

    override async claim(name: string, leaseMs: number): Promise<boolean> {
      await this.connection.opened;
      return super.claim(name, leaseMs);
    }
  }

  it('leaves the lease to another one, though its claim arrives late', async () => {
    const leases = new LateClaims(database);
    const [first, second] = [worker(undefined, leases), worker()];
    const round = first.task.round();
    const ended = first.task.onModuleDestroy();
    leases.connection.open();
    await Promise.all([round, ended]);
    await expectTakenOver(first, second);
  });

  it('exports nothing of what it reads', async () => {
    const [begun, read] = [gate(), gate()];
    const first = worker(() => {
      begun.open();
      return read.opened;
    });
    const round = first.task.round();
    await begun.opened;
    await first.task.onModuleDestroy();
    read.open();
    await round;
    expect(await first.exported()).toEqual([]);
  });
});

describe('what can not be read', () => {
  const warnings: string[] = [];
  beforeAll(() => {
    const note = (line: string) => void warnings.push(line);
    Logger.overrideLogger({ log: note, warn: note, error: note });
  });
  afterAll(() => Logger.overrideLogger(false));

  it('is not exported while it can not, which is told once; the rest is', async () => {
    let isBroken = true;
    const reading = worker(async () => {
      if (isBroken) throw new Error('it is away');
    });
    await reading.task.round();
    await reading.task.round();
    expect(await reading.exported()).toEqual(['steady 1']);
    isBroken = false;
    await reading.task.round();
    expect(await reading.exported()).toEqual(ALL);
    expect(warnings).toEqual([
      'The metrics of changing are not exported: it is away',
      'The metrics of changing are exported again',
    ]);
  });

  it('is asked once while it hangs', async () => {
    let asked = 0;
    const reading = worker(() => {
      asked++;
      return new Promise<void>(() => undefined);
    });
    await reading.task.round();
    await reading.task.round();
    expect([asked, await reading.exported()]).toEqual([1, ['steady 1']]);
  }, 20_000);
});

it('is exported no longer than its lease lasts when PostgreSQL is away', () => {
  const state = new SharedState('any', () => Promise.resolve());
  state.exportUntil(performance.now() - 1);
  expect(state.isExported).toBe(false);
  state.exportUntil(performance.now() + 10_000);
  expect(state.isExported).toBe(true);
});
