import { fileURLToPath } from 'node:url';
import { ManagedProcess } from '../../scripts/services/processes.mjs';
import { eventually } from '../support/eventually.js';
import { type Stack, startStack } from '../support/stack.js';

const DEMO = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 120_000);

afterAll(() => stack.stop());

/** Starts the demo against this stack, and collects its output. */
function startDemo(): { demo: ManagedProcess; printed: () => string } {
  const [port, sandboxPort] = [stack.url, stack.sandboxUrl].map((url) => new URL(url).port);
  const env = { PATH: process.env['PATH'], PORT: port, SANDBOX_PORT: sandboxPort };
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
    await eventually(() => /Bot: Turn/.test(printed()) && !printed().includes('your name?".'));
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    expect(printed()).toContain('"First words"');
    expect(printed()).toContain('bot  completed Turn 2.');
  });

  it('cancels the reply on Ctrl-C, and keeps what was written', async () => {
    const { demo, printed } = startDemo();
    await eventually(() => printed().includes('Bot: Turn'));
    demo.kill('SIGINT');
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    expect(printed()).toMatch(/cancel → 200/);
    expect(printed()).toMatch(/bot {2}cancelled Turn/);
    expect(printed()).not.toContain('bot  completed');
  });
});
