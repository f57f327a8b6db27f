import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ManagedProcess } from '../../scripts/services/processes.mjs';
import { eventually } from '../support/eventually.js';
import { type Stack, startStack } from '../support/stack.js';

const DEMO = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));

/** What the demo tells the sandbox. */
interface Rule {
  behaviours: { tokensPerSecond?: number }[];
}

let stack: Stack;

/** Hands the demo's rules on to the sandbox, at a pace that leaves time to look at an answer, and to stop it, before it is over. */
const slowly = createServer((request, response) => {
  const handOn = async () => {
    const rule = (await json(request)) as Rule;
    const behaviours = rule.behaviours.map((each) => ({
      ...each,
      ...('tokensPerSecond' in each && { tokensPerSecond: 2 }),
    }));
    const { status } = await stack.http.at(stack.sandboxUrl).post(request.url ?? '', { ...rule, behaviours });
    response.writeHead(status).end();
  };
  // The demo waits for two seconds, and goes on without.
  handOn().catch(() => response.destroy());
});

beforeAll(async () => {
  stack = await startStack();
  slowly.listen(0);
  await once(slowly, 'listening');
}, 120_000);

afterAll(async () => {
  slowly.close();
  await stack?.stop();
});

/** Starts the demo against this stack, and collects its output. */
function startDemo(): { demo: ManagedProcess; printed: () => string } {
  const sandboxPort = String((slowly.address() as AddressInfo).port);
  const env = { PATH: process.env['PATH'], PORT: new URL(stack.url).port, SANDBOX_PORT: sandboxPort };
  let text = '';
  const demo = new ManagedProcess({
    name: 'demo',
    command: process.execPath,
    args: [DEMO],
    env,
    onOutput: (chunk) => (text += chunk),
  });
  return { demo, printed: () => text };
}

describe('the demo', () => {
  it('prints tokens as they arrive, and the stored conversation at the end', async () => {
    const { demo, printed } = startDemo();
    await eventually(() => printed().includes('Bot: Turn'), { withinMs: 30_000 });
    expect(printed()).not.toContain('your name?".');
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    expect(printed()).toContain('"First words"');
    expect(printed()).toContain('bot  completed Turn 2.');
  }, 90_000);

  it('cancels the reply on Ctrl-C, and keeps what was written', async () => {
    const { demo, printed } = startDemo();
    await eventually(() => printed().includes('Bot: Turn'), { withinMs: 30_000 });
    demo.kill('SIGINT');
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    expect(printed()).toMatch(/cancel → 200/);
    expect(printed()).toMatch(/bot {2}cancelled Turn/);
    expect(printed()).not.toContain('bot  completed');
  }, 90_000);
});
