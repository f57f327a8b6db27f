import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import { type Stack, type StackProcess, startStack } from '../support/stack.js';

let stack: Stack;
let owner: pg.Client;

beforeAll(async () => {
  stack = await startStack();
  owner = new pg.Client({ connectionString: stack.database.url });
  await owner.connect();
}, 90_000);
afterAll(async () => {
  await owner?.end();
  await stack?.stop();
});

const NEWEST = '(SELECT max(migration_name) FROM _prisma_migrations WHERE finished_at IS NOT NULL)';
const OLDER = /The database's schema is older than this release, it lacks \d{4}\w+; run npm run db:migrate/;

/** As if the newest migration had not been applied. */
async function withOlderSchema(work: () => Promise<void>): Promise<void> {
  await owner.query('BEGIN');
  const { rows } = await owner.query<{ id: string }>(
    `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = ${NEWEST} RETURNING id`,
  );
  await owner.query('COMMIT');
  try {
    await work();
  } finally {
    await owner.query('UPDATE _prisma_migrations SET rolled_back_at = NULL WHERE id = $1', [rows[0]?.id]);
  }
}

const processes = (): StackProcess[] => [stack.api(), stack.worker()];

describe('API and worker', () => {
  it('refuse to start on a schema that is older than they are, and name it', async () => {
    await withOlderSchema(async () => {
      for (const process of processes()) {
        const from = process.log.length;
        await process.relaunch();
        expect(await process.ended).toMatchObject({ code: 1 });
        expect(process.log.slice(from).join('\n')).toMatch(OLDER);
      }
    });
  }, 120_000);

  it('end by that name when they find out later, since PostgreSQL was out of reach at their start', async () => {
    const { hostname, port } = new URL(stack.database.appUrl);
    const proxy = await TcpProxy.to(hostname, Number(port));
    const url = Object.assign(new URL(stack.database.appUrl), { hostname: '127.0.0.1', port: String(proxy.port) }).href;
    await withOlderSchema(async () => {
      for (const process of processes()) {
        proxy.sever();
        const from = process.log.length;
        await process.relaunch({ DATABASE_URL: url });
        await eventually(async () => (await fetch(process.metricsUrl)).ok, { withinMs: 30_000 });
        proxy.mend();
        expect(await process.ended).toMatchObject({ code: 1 });
        expect(process.log.slice(from).join('\n')).toMatch(OLDER);
      }
    });
    for (const process of processes()) await process.relaunch({ DATABASE_URL: stack.database.appUrl });
    await proxy.close();
  }, 180_000);

  it('start on a schema that is newer', async () => {
    await owner.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES (gen_random_uuid(), '', '9999_later', now())`,
    );
    for (const process of processes()) await process.restart();
    expect((await fetch(`${stack.url}/health/ready`)).status).toBe(200);
  }, 120_000);
});
