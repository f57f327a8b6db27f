import 'reflect-metadata';
import { GeminiConfig, workerShutdownMs } from '@app/gemini';
import { ProcessConfig } from '@app/platform';
import pg from 'pg';
import { ApiConfig } from '../../apps/api/src/api.config.js';
import { availableReverseProxies, type ReverseProxy, type ReverseProxyKind } from '../support/deployments/proxies.js';
import { signUpAndLogIn } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { type Stack, type StackProcess, startStack } from '../support/stack.js';
import { RollingClient, Tally } from './rolling-clients.js';

/** What a process in production has without variables. A test's processes aren't in production, since they use the sandbox. */
const PRODUCTION = {
  SHUTDOWN_DELAY_MS: process.env['ROLLING_DELAY_MS'] ?? String(new ApiConfig().SHUTDOWN_DELAY_MS),
  SHUTDOWN_TIMEOUT_MS:
    process.env['ROLLING_TIMEOUT_MS'] ?? String(workerShutdownMs(new ProcessConfig(), new GeminiConfig())),
};

const SHORT = 'How are you? [[behaviour:answer tokensPerSecond=40]]';
/** Takes 20 s, twice as long as a process once had to end. */
const LONG = `Tell me a story${' of a long way'.repeat(60)}. [[behaviour:answer tokensPerSecond=4]]`;
const PROMPTS = [SHORT, SHORT, SHORT, SHORT, LONG, LONG, LONG];

const kinds = await availableReverseProxies();

/** As an orchestrator does it: asks one process to end, waits until it has, starts it anew, and goes on when that is ready. */
async function roll(processes: StackProcess[]): Promise<void> {
  for (const each of processes) {
    const exit = await each.kill('SIGTERM');
    expect({ app: each.app, ...exit }).toEqual({ app: each.app, code: 0, signal: null });
    await each.restart();
  }
}

async function client(stack: Stack, proxy: ReverseProxy, prompt: string, tally: Tally): Promise<RollingClient> {
  const { http, id } = await signUpAndLogIn(stack.http.at(proxy.url));
  await makePro(stack.database.url, id);
  return new RollingClient(http, await openRoom(http), prompt, tally);
}

/** What became of the replies, and how often the model was asked for them. */
async function outcomes(
  stack: Stack,
): Promise<{ replies: number; unfinished: number; restarted: number; calls: number }> {
  const database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
  try {
    const { rows } = await database.query<{ replies: number; unfinished: number; restarted: number }>(
      `SELECT count(*)::int AS replies, count(*) FILTER (WHERE status <> 'completed')::int AS unfinished,
         count(*) FILTER (WHERE attempt <> 1)::int AS restarted
       FROM message WHERE role = 'bot'`,
    );
    const url = `${stack.sandboxUrl}/control/gemini/requests?method=streamGenerateContent`;
    const { items } = (await (await fetch(url)).json()) as { items: unknown[] };
    return { replies: 0, unfinished: 0, restarted: 0, ...rows[0], calls: items.length };
  } finally {
    await database.end();
  }
}

describe.each(kinds)('behind $name, with the settings that the documentation names', (kind: ReverseProxyKind) => {
  let stack: Stack;
  let proxy: ReverseProxy;

  beforeAll(async () => {
    stack = await startStack({ apis: 2, workers: 2, env: PRODUCTION });
    proxy = await kind.start(stack.apis.map(({ url }) => url));
  }, 120_000);
  afterAll(async () => {
    await proxy?.stop();
    for (const each of [...(stack?.apis ?? []), ...(stack?.workers ?? [])]) await each.kill();
    await stack?.stop();
  });

  it('a deploy of two APIs and two workers fails no request, loses no stream and restarts no answer', async () => {
    const tally = new Tally();
    const clients = await Promise.all(PROMPTS.map((prompt) => client(stack, proxy, prompt, tally)));
    const over = new AbortController();
    const running = clients.map((each) => each.run(over.signal));
    await Promise.all([roll(stack.apis), roll(stack.workers)]);
    over.abort();
    await Promise.all(running);

    const { replies, unfinished, restarted, calls } = await outcomes(stack);
    const figures = { ...tally.summary(), replies, unfinished, restarted, calls };
    process.stderr.write(`${kind.name}: ${JSON.stringify(figures)}\n`);
    expect({ failed: tally.failed, lost: tally.lost }).toEqual({ failed: [], lost: [] });
    expect(figures).toMatchObject({ unfinished: 0, restarted: 0, calls: replies, streams: replies });
    // Streams did run across the end of a process.
    expect(tally.resumed).toBeGreaterThan(0);
  }, 300_000);
});
