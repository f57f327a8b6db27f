import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '../../test/support/eventually.js';
import { nodeToRunOn } from './pinned-node.mjs';

const pinned = { version: '24.1.0', path: '/pinned/node' };

describe('The Node to run on', () => {
  it('is the pinned one, whether the own is older or newer', () => {
    expect(nodeToRunOn('20.19.0', pinned)).toBe(pinned);
    expect(nodeToRunOn('26.0.0', pinned)).toBe(pinned);
  });

  it('is the own one when that is the pinned version already', () => {
    expect(nodeToRunOn('24.1.0', pinned)).toBeNull();
  });

  it('is the own one, from 22 on, where no pinned one is installed', () => {
    expect(nodeToRunOn('22.0.0', null)).toBeNull();
    expect(nodeToRunOn('26.3.1', null)).toBeNull();
    expect(() => nodeToRunOn('20.19.0', null)).toThrow(
      /must be 22 or newer, best the version in .nvmrc; this is 20.19.0/,
    );
  });
});

/** A script that goes on with a flag, as if on another Node, before it does its work. */
const script = (work: string) => `
  import { runOnNode } from ${JSON.stringify(new URL('pinned-node.mjs', import.meta.url).href)};
  import { shutdownSignal } from ${JSON.stringify(new URL('shutdown-signal.mjs', import.meta.url).href)};
  const signal = shutdownSignal();
  if (!process.execArgv.includes('--no-warnings'))
    process.exit(await runOnNode(process.execPath, { flags: ['--no-warnings'], signal }));
  ${work}`;

/** A script that runs until it is told to end, and prints why it ended. */
const UNTIL_SIGNAL = `
  signal.addEventListener('abort', () => { console.log(signal.reason.message); process.exit(3); });
  setInterval(() => {}, 1000);
  console.log('up');`;

describe('Going on on another Node', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pinned-node-'));
    file = join(folder, 'script.mjs');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(work: string, ...args: string[]) {
    writeFileSync(file, script(work));
    return spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  it('runs the same script with its arguments, and ends as that ends', async () => {
    const child = run('console.log(process.argv.slice(2).join()); process.exit(7);', 'a', '--b');
    const [[code], output] = await Promise.all([once(child, 'close'), text(child.stdout)]);
    expect({ code: code as number, output }).toEqual({ code: 7, output: 'a,--b\n' });
  });

  it('passes signals on', async () => {
    const child = run(UNTIL_SIGNAL);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await eventually(() => output === 'up\n');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([3, null]);
    expect(output).toBe('up\nStopped by SIGINT.\n');
  });

  it('leaves nothing behind when the process that began it is killed', async () => {
    const child = run(UNTIL_SIGNAL);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await eventually(() => output === 'up\n');
    child.kill('SIGKILL');
    await once(child.stdout, 'end');
    expect(output).toBe('up\nThe process that began this one has ended.\n');
  });
});
