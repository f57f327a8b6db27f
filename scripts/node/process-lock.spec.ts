import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { acquireLock, lockHolder, releaseLock, withLock } from './process-lock.mjs';

describe('A process lock', () => {
  let name: string;
  beforeEach(() => {
    name = `test-${randomUUID()}`;
  });
  afterEach(() => releaseLock(name));

  it('lets one work after the other', async () => {
    const steps: string[] = [];
    const work = async (who: string) => {
      steps.push(`${who} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`${who} ends`);
    };
    await Promise.all([withLock(name, () => work('first')), withLock(name, () => work('second'))]);
    expect(steps).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('is released after a failure', async () => {
    await expect(withLock(name, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(withLock(name, () => 'done')).resolves.toBe('done');
  });

  it('names the process that holds it', () => {
    expect(lockHolder(name)).toBeNull();
    expect(acquireLock(name)).toBeNull();
    expect(acquireLock(name)).toBe(process.pid);
    expect(lockHolder(name)).toBe(process.pid);
  });

  it('is free again when the process that held it has died', async () => {
    const url = new URL('process-lock.mjs', import.meta.url).href;
    const script = `import { acquireLock } from ${JSON.stringify(url)}; acquireLock(${JSON.stringify(name)}); process.exit(7);`;
    const [code] = (await once(spawn(process.execPath, ['--input-type=module', '-e', script]), 'exit')) as [number];
    expect(code).toBe(7);
    expect(acquireLock(name)).toBeNull();
  });
});
