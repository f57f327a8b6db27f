import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, send } from '../support/messages.js';
import { type Stack, type StackProcess, startStack } from '../support/stack.js';

/** Run by a process before all else: reports each module of a package, by its path within `node_modules`, and each part of the bundle. */
const REPORTER = `
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      const path = url.split('/node_modules/')[1] ?? url.match(/\\/dist\\/.*/)?.[0];
      if (path !== undefined) process.stderr.write('loaded ' + path + '\\n');
      return next(url, context);
    },
  });`;

/** What exports traces. */
const TRACES = /^\/dist\/(api|worker)\/otlp-traces-\w+\.js$/;

/** Prisma's query compiler, in WebAssembly: it comes with the first query. */
const COMPILER = /^@prisma\/client\/runtime\/query_compiler/;

let stack: Stack;

beforeAll(async () => {
  const preload = `data:text/javascript,${encodeURIComponent(REPORTER)}`;
  stack = await startStack({ env: { NODE_OPTIONS: `--import=${preload}` } });
}, 120_000);
afterAll(() => stack?.stop());

const loadedBy = ({ log }: StackProcess): string[] =>
  log.filter((line) => line.startsWith('loaded ')).map((line) => line.slice('loaded '.length));

/** The worker has read Stripe's list of events and counted its backlog, as it does after its start, and the room has its first title. */
async function untilSteady(room: string): Promise<void> {
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  try {
    await eventually(
      async () => {
        const { rows } = await client.query(
          `SELECT FROM stripe_event_cursor, chatroom
         WHERE lease_until IS NULL AND read_until > now() - interval '1 hour' AND chatroom.id = $1 AND title IS NOT NULL`,
          [room],
        );
        const metrics = await fetch(stack.worker().metricsUrl).then((answer) => answer.text());
        return rows.length > 0 && /^billing_backlog\{kind="event"\} 0$/m.test(metrics);
      },
      { withinMs: 60_000 },
    );
  } finally {
    await client.end();
  }
}

describe('what takes memory is loaded when it is needed:', () => {
  it("the worker's start, replies and titles need no query compiler; the API needs the small one at the first login", async () => {
    expect(loadedBy(stack.api())).toContain('class-validator/cjs/index.js');
    expect(loadedBy(stack.api()).filter((path) => COMPILER.test(path))).toEqual([]);

    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http, { title: undefined });
    const { reply } = await send(http, room, 'Hello');
    expect((await outcome(http, reply)).status).toBe('completed');
    await untilSteady(room);
    expect(loadedBy(stack.worker()).filter((path) => path.startsWith('@bull-board/'))).toEqual([]);

    expect(loadedBy(stack.worker())).toContain('class-validator/cjs/index.js');
    expect(loadedBy(stack.worker()).filter((path) => COMPILER.test(path))).toEqual([]);
    const compilers = loadedBy(stack.api()).filter((path) => COMPILER.test(path));
    expect(compilers).toContain('@prisma/client/runtime/query_compiler_small_bg.postgresql.mjs');
    expect(compilers.filter((path) => path.includes('_fast_'))).toEqual([]);
  }, 120_000);

  it('what exports traces comes with the address of a collector, and not before', async () => {
    for (const app of [stack.api(), stack.worker()]) {
      expect(loadedBy(app)).toContain(`/dist/${app.app}/main.js`);
      expect(loadedBy(app).filter((path) => TRACES.test(path))).toEqual([]);
    }
    // An address at which nothing listens is enough.
    await stack.worker().restart({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect(loadedBy(stack.worker()).filter((path) => TRACES.test(path))).toHaveLength(1);
  }, 90_000);
});
