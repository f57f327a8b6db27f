import 'reflect-metadata';
import { loadConfig, ProcessConfig } from '@app/platform';
import { GeminiConfig } from '../google/gemini.config.js';
import { RELEASE_MS, workerShutdownMs } from './reply-worker.config.js';

function msIn(env: Record<string, string>): number {
  const [lifetime, gemini] = loadConfig([ProcessConfig, GeminiConfig], { GEMINI_API_KEY: 'a-key', ...env });
  return workerShutdownMs(lifetime, gemini);
}

describe('the time in which a worker may end', () => {
  it.each(['240000', '600000'])(
    'in production covers a call of the model of %s ms, before anything is released',
    (ms) => {
      expect(msIn({ GEMINI_CALL_TIMEOUT_MS: ms }) - RELEASE_MS).toBeGreaterThan(Number(ms));
    },
  );

  it('is short in development and tests', () => {
    expect(msIn({ NODE_ENV: 'development' })).toBe(10_000);
    expect(msIn({ NODE_ENV: 'test' })).toBe(10_000);
  });

  it('is what the environment says', () => {
    expect(msIn({ SHUTDOWN_TIMEOUT_MS: '30000' })).toBe(30_000);
    expect(msIn({ SHUTDOWN_TIMEOUT_MS: '30000', NODE_ENV: 'test' })).toBe(30_000);
  });
});
