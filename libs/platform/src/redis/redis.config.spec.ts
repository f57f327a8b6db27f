import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/load-config.js';
import { RedisConfig } from './redis.config.js';

const PEM = '-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----';

const load = (env: Record<string, string>): RedisConfig => loadConfig([RedisConfig], env)[0];

/** What is wrong with these variables; empty: nothing. */
function problems(env: Record<string, string>): string {
  try {
    load(env);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0, tls: false }],
    ['redis://:s%40cret@redis.example:7000/3', { host: 'redis.example', port: 7000, password: 's@cret', db: 3 }],
    ['rediss://chat:secret@[::1]:6380/', { host: '::1', port: 6380, username: 'chat', password: 'secret', tls: true }],
  ])('%s stands for all it says', (REDIS_URL, expected) => {
    expect(load({ REDIS_URL }).server).toMatchObject(expected);
  });

  it.each([
    'localhost:6379',
    'http://localhost:6379',
    'redis://',
    'redis://localhost/16',
    'redis://localhost/zero',
    'redis://localhost/0?family=6',
    'redis://:%E0%A4%A@localhost',
  ])('%s is refused, without being shown', (REDIS_URL) => {
    expect(problems({ REDIS_URL })).toMatch(/REDIS_URL must be redis\[s\]:/);
    expect(problems({ REDIS_URL })).not.toContain(REDIS_URL);
  });

  it.each([
    ['REDIS_HOST', 'redis'],
    ['REDIS_PORT', '7000'],
    ['REDIS_USERNAME', 'chat'],
    ['REDIS_PASSWORD', 'hunter2'],
    ['REDIS_DB', '1'],
    ['REDIS_TLS', 'true'],
    ['REDIS_SENTINELS', 'a:1'],
  ])('beside %s is an error that names both', (name, value) => {
    const message = problems({ REDIS_URL: 'redis://localhost', [name]: value });
    expect(message).toContain(`REDIS_URL and ${name} are both set`);
    expect(message).not.toContain('hunter2');
  });
});

describe('a part with a URL of its own', () => {
  const STREAMS_REDIS_URL = 'rediss://:secret@streams.example:7000';

  it('is there, and all others are where the rest is', () => {
    const config = load({ REDIS_HOST: 'redis', STREAMS_REDIS_URL });
    expect(config.of('streams').server).toMatchObject({ host: 'streams.example', port: 7000, password: 'secret' });
    expect([config.of('queue'), config.of('limits')]).toEqual([config, config]);
    expect(config.ownParts).toEqual(['streams']);
  });

  it('has the authority of certificates in common with the rest, where it has TLS', () => {
    const config = load({
      REDIS_HOST: 'redis',
      STREAMS_REDIS_URL,
      QUEUE_REDIS_URL: 'redis://queue',
      REDIS_TLS_CA: PEM,
    });
    expect(config.of('streams').REDIS_TLS_CA).toBe(PEM);
    expect(config.of('queue').REDIS_TLS_CA).toBeUndefined();
  });

  it('is one server, also where the rest is a cluster', () => {
    expect(load({ REDIS_HOST: 'redis', REDIS_CLUSTER: 'true', STREAMS_REDIS_URL }).of('streams').REDIS_CLUSTER).toBe(
      false,
    );
  });

  it.each(['QUEUE_REDIS_URL', 'STREAMS_REDIS_URL', 'LIMITS_REDIS_URL'])('%s is refused if it is none', (name) => {
    const message = problems({ REDIS_HOST: 'redis', [name]: 'http://hunter2' });
    expect(message).toContain(`${name} must be redis[s]:`);
    expect(message).not.toContain('hunter2');
  });
});

describe('Sentinels', () => {
  const SENTINELS = { REDIS_SENTINELS: 'one:26379, [::1]:26380', REDIS_SENTINEL_NAME: 'chat' };

  it('are a list of addresses, in place of a host', () => {
    expect(load(SENTINELS).sentinels).toEqual([
      { host: 'one', port: 26_379 },
      { host: '::1', port: 26_380 },
    ]);
  });

  it.each([
    [{ REDIS_SENTINELS: 'one' }, /REDIS_SENTINELS must be host:port/],
    [{ REDIS_SENTINELS: 'one:70000' }, /REDIS_SENTINELS must be host:port/],
    [{ REDIS_SENTINEL_NAME: '' }, /REDIS_SENTINEL_NAME/],
    [{ REDIS_HOST: 'redis' }, /REDIS_SENTINELS and REDIS_HOST/],
    [{ REDIS_CLUSTER: 'true' }, /REDIS_SENTINELS and REDIS_CLUSTER/],
  ])('with %j are refused', (env, message) => {
    expect(problems({ ...SENTINELS, ...env })).toMatch(message);
  });

  it('have no settings without being there', () => {
    expect(problems({ REDIS_HOST: 'redis', REDIS_SENTINEL_PASSWORD: 'hunter2' })).toMatch(
      /REDIS_SENTINEL_PASSWORD.*REDIS_SENTINELS/,
    );
  });
});

describe('a cluster', () => {
  it('is known by several nodes on one port', () => {
    expect(load({ REDIS_HOST: 'a, b', REDIS_PORT: '7000', REDIS_CLUSTER: 'true' }).nodes).toEqual([
      { host: 'a', port: 7_000 },
      { host: 'b', port: 7_000 },
    ]);
  });

  it.each<[Record<string, string>]>([[{ REDIS_HOST: 'redis', REDIS_DB: '1' }], [{ REDIS_URL: 'redis://redis/1' }]])(
    'has no database but 0: %j',
    (env) => {
      expect(problems({ ...env, REDIS_CLUSTER: 'true' })).toMatch(/must be 0 with REDIS_CLUSTER/);
    },
  );
});

describe('TLS', () => {
  const TLS = { REDIS_HOST: 'redis', REDIS_TLS: 'true' };

  it('takes an authority as PEM, also in one line', () => {
    expect(load({ ...TLS, REDIS_TLS_CA: PEM }).certificateAuthority).toBe(PEM.replaceAll('\\n', '\n'));
  });

  it.each([
    [{ ...TLS, REDIS_TLS: 'yes' }, /REDIS_TLS must be true or false/],
    [{ REDIS_HOST: 'redis', REDIS_TLS_CA: PEM }, /REDIS_TLS_CA is set, but TLS isn't/],
    [{ ...TLS, REDIS_TLS_CA: '/nowhere/ca.pem' }, /REDIS_TLS_CA names a file that can't be read: ENOENT/],
    [
      { ...TLS, REDIS_TLS_CA: fileURLToPath(new URL('../../../../package.json', import.meta.url)) },
      /REDIS_TLS_CA holds no certificate/,
    ],
  ])('with %j is refused', (env, message) => {
    expect(problems(env)).toMatch(message);
  });
});

it('needs to know where Redis is', () => {
  expect(problems({})).toMatch(/REDIS_HOST/);
});
