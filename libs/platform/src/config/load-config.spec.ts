import 'reflect-metadata';
import { IsIn, IsString } from 'class-validator';
import { DefaultOutsideProduction } from './default-outside-production.decorator.js';
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

  it.each(['0x1f40', '1e3', '+6379', ' 6379', '6379.0', '06379'])('takes %j for no number', (port) => {
    expect(() => loadConfig([RedisConfig], { REDIS_HOST: 'redis', REDIS_PORT: port })).toThrow(/REDIS_PORT/);
  });

  it('refuses a placeholder in production, and only there', () => {
    const env = { REDIS_HOST: 'redis', REDIS_PASSWORD: 'change-me' };
    expect(() => loadConfig([RedisConfig], { ...env, NODE_ENV: 'test' })).not.toThrow();
    expect(() => loadConfig([RedisConfig], { ...env, NODE_ENV: 'development' })).not.toThrow();
    expect(() => loadConfig([RedisConfig], { ...env, NODE_ENV: 'production' })).toThrow(/REDIS_PASSWORD.*placeholder/);
  });

  it('takes an environment without NODE_ENV for production', () => {
    const env = { REDIS_HOST: 'redis', REDIS_PASSWORD: 'change-me' };
    expect(() => loadConfig([RedisConfig], env)).toThrow(/REDIS_PASSWORD.*placeholder/);
    expect(() => loadConfig([RedisConfig], { ...env, NODE_ENV: '' })).toThrow(/REDIS_PASSWORD.*placeholder/);
  });

  it.each(['prod', 'Production', 'staging', 'development '])('refuses NODE_ENV=%j beside all else', (NODE_ENV) => {
    const load = () => loadConfig([RedisConfig], { NODE_ENV, REDIS_PASSWORD: 'change-me' });
    expect(load).toThrow(/NODE_ENV must be one of[^]*REDIS_HOST[^]*REDIS_PASSWORD/);
  });

  it('takes a default for development in development and tests alone', () => {
    class PageConfig {
      @DefaultOutsideProduction(() => 'on')
      @IsIn(['on', 'off'])
      PAGE = 'off';
    }
    const page = (env: NodeJS.ProcessEnv) => loadConfig([PageConfig], env)[0].PAGE;
    expect([page({}), page({ NODE_ENV: 'production' })]).toEqual(['off', 'off']);
    expect([page({ NODE_ENV: 'development' }), page({ NODE_ENV: 'test', PAGE: '' })]).toEqual(['on', 'on']);
    expect([page({ PAGE: 'on' }), page({ NODE_ENV: 'test', PAGE: 'off' })]).toEqual(['on', 'off']);
  });

  it('lets such a default follow other variables', () => {
    class LinkConfig {
      @DefaultOutsideProduction(({ PORT = '8000' }) => `http://localhost:${PORT}/`)
      @IsString()
      LINK = 'none';
    }
    const link = (env: NodeJS.ProcessEnv) => loadConfig([LinkConfig], env)[0].LINK;
    expect(link({ NODE_ENV: 'test', PORT: '' })).toBe('http://localhost:8000/');
    expect(link({ NODE_ENV: 'test', PORT: '9000' })).toBe('http://localhost:9000/');
    expect(link({ PORT: '9000' })).toBe('none');
  });

  it('keeps the variables of others out of a class', () => {
    const [redis] = loadConfig([RedisConfig], { REDIS_HOST: 'redis', JWT_SECRET: 'hunter2' });
    expect(JSON.stringify(redis)).not.toContain('hunter2');
  });
});
