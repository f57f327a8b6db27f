import 'reflect-metadata';
import { RedisConfig } from '../redis/redis.config.js';
import { ConfigError, loadConfig } from './load-config.js';

describe('loadConfig', () => {
  it('takes a blank variable as absent, so its default holds', () => {
    const [redis] = loadConfig([RedisConfig], { REDIS_HOST: 'localhost', REDIS_PORT: '' });
    expect(redis.REDIS_PORT).toBe(6379);
  });

  it('names every broken variable and no value', () => {
    const load = () => loadConfig([RedisConfig], { REDIS_PORT: 'hunter2', REDIS_DB: '99' });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/REDIS_HOST.*\n.*REDIS_PORT|REDIS_PORT/);
    expect(load).not.toThrow(/hunter2/);
  });
});
