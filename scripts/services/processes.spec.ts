import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../test/support/eventually.js';
import { Processes } from './processes.mjs';

const FOREVER = 'setInterval(() => {}, 1000); console.log("up");';

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('Processes', () => {
  it('tells how a child ended, with the last lines that it wrote', async () => {
    const processes = new Processes();
    const child = processes.start({
      name: 'The child',
      command: process.execPath,
      args: ['-e', 'console.error("no port"); process.exit(3)'],
    });
    await expect(child.exited).resolves.toEqual({ code: 3, signal: null });
    expect(child.describeExit()).toBe('The child ended with code 3.\n  no port');
    await processes.stop();
  });

  it('kills a child that does not end when asked', async () => {
    const processes = new Processes();
    const stubborn = `process.on('SIGTERM', () => {}); ${FOREVER}`;
    const args = ['-e', stubborn];
    const child = processes.start({ name: 'Stubborn', command: process.execPath, args, graceMs: 100 });
    await eventually(() => child.lines.includes('up'));
    await processes.stop();
    expect(child.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('leaves nothing behind when the parent is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'processes-'));
    const url = new URL('processes.mjs', import.meta.url).href;
    const script = `
      import { Processes } from ${JSON.stringify(url)};
      const processes = new Processes();
      processes.removeAtEnd(${JSON.stringify(folder)});
      const child = processes.start({ name: 'child', command: process.execPath, args: ['-e', ${JSON.stringify(FOREVER)}],
        onLine: () => console.log(child.pid) });`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    expect(isRunning(Number(line))).toBe(true);

    parent.kill('SIGKILL');

    await eventually(() => !isRunning(Number(line)) && !existsSync(folder));
  });
});
