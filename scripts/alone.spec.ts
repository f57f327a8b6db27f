import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { alone, release, take } from './alone.mjs';

describe('Work that must not happen twice at once', () => {
  let name: string;
  beforeEach(() => {
    name = `test-${randomUUID()}`;
  });
  afterEach(() => release(name));

  it('waits for its turn', async () => {
    const steps: string[] = [];
    const work = async (who: string) => {
      steps.push(`${who} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`${who} ends`);
    };
    await Promise.all([alone(name, () => work('first')), alone(name, () => work('second'))]);
    expect(steps).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('lets the next in after a failure', async () => {
    await expect(alone(name, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(alone(name, () => 'done')).resolves.toBe('done');
  });

  it('names the process that is at it', () => {
    expect(take(name)).toBeNull();
    expect(take(name)).toBe(process.pid);
  });

  it('is free again when the process that was at it has died', async () => {
    const url = new URL('alone.mjs', import.meta.url).href;
    const script = `import { take } from ${JSON.stringify(url)}; take(${JSON.stringify(name)}); process.exit(7);`;
    const [code] = (await once(spawn(process.execPath, ['--input-type=module', '-e', script]), 'exit')) as [number];
    expect(code).toBe(7);
    expect(take(name)).toBeNull();
  });
});
