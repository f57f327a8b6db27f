import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { provideRedis } from '../../../../scripts/services/redis.mjs';
import { freePort } from '../../../../scripts/services/ports.mjs';
import {
  type RedisDeployment,
  RedisDeployments,
  type RedisEnvironment,
} from '../../../../test/support/deployments/redis-deployments.js';
import { eventually } from '../../../../test/support/eventually.js';
import { loadConfig } from '../config/load-config.js';
import { RedisConfig } from './redis.config.js';
import { redisStartCheck } from './redis-start-check.js';

let deployments: RedisDeployments;
let single: RedisDeployment;
let managed: RedisDeployment;

beforeAll(async () => {
  deployments = await RedisDeployments.create(await provideRedis(() => undefined));
  [single, managed] = await Promise.all([deployments.single(), deployments.managed()]);
});

afterAll(() => deployments.stop());

const check = (env: RedisEnvironment): Promise<string | null> => redisStartCheck(loadConfig([RedisConfig], env)[0])();

/** What is wrong. On a busy machine the server may answer too late, which is not wrong. */
const found = (env: RedisEnvironment): Promise<string> => eventually(async () => (await check(env)) ?? '');

async function administer(deployment: RedisDeployment, use: (admin: Redis) => Promise<unknown>): Promise<void> {
  const admin = new Redis({ host: 'localhost', ...deployment.servers[0]!.reach });
  await use(admin).finally(() => admin.disconnect());
}

describe('the check of Redis at the start', () => {
  it('finds nothing wrong with a server, with one of few rights behind TLS, and with a master that Sentinels name', async () => {
    expect(await check(single.env)).toBeNull();
    expect(await check(managed.env)).toBeNull();
    expect(await check((await deployments.sentinel()).env)).toBeNull();
  });

  it.each<[string, (env: { plain: RedisEnvironment; tls: RedisEnvironment }) => RedisEnvironment, RegExp]>([
    ['a wrong password', ({ plain }) => ({ ...plain, REDIS_PASSWORD: 'hunter2' }), /check user and password/],
    ['no password', ({ plain }) => ({ ...plain, REDIS_PASSWORD: '' }), /check user and password/],
    ['a user that there is not', ({ plain }) => ({ ...plain, REDIS_USERNAME: 'other' }), /check user and password/],
    ['a database that there is not', ({ plain }) => ({ ...plain, REDIS_DB: '15' }), /check REDIS_DB/],
    [
      'TLS at a server without it',
      ({ plain }) => ({ ...plain, REDIS_TLS: 'true' }),
      /speaks no TLS there; check REDIS_TLS/,
    ],
    [
      'a server with TLS and settings without it',
      ({ tls }) => ({ REDIS_URL: tls['REDIS_URL']!.replace('rediss', 'redis') }),
      /wants TLS; check REDIS_TLS/,
    ],
    ['an authority that is not the one', ({ tls }) => ({ REDIS_URL: tls['REDIS_URL']! }), /check REDIS_TLS_CA/],
    ['another name', ({ tls }) => ({ ...tls, REDIS_TLS_SERVERNAME: 'redis.example' }), /check REDIS_TLS_SERVERNAME/],
    ['a cluster that is none', ({ plain }) => ({ ...plain, REDIS_CLUSTER: 'true' }), /Check REDIS_CLUSTER/],
  ])('names the setting for %s', async (_, change, message) => {
    // Valkey and Redis have 16 databases unless they are told otherwise, and settings go no further.
    const few = await deployments.single(['--databases', '2']);
    const problem = await found(change({ plain: few.env, tls: managed.env }));
    expect(problem).toMatch(message);
    expect(problem).not.toContain('hunter2');
  });

  it('names the setting for a cluster that the settings take for one server', async () => {
    const { env } = await deployments.cluster();
    expect(await check(env)).toBeNull();
    expect(await found({ ...env, REDIS_CLUSTER: '' })).toMatch(/set REDIS_CLUSTER=true/);
  });

  it('names the setting for a master that the Sentinels do not know', async () => {
    const { env } = await deployments.sentinel();
    expect(await found({ ...env, REDIS_SENTINEL_NAME: 'other' })).toMatch(/check REDIS_SENTINEL_NAME/);
  });

  it('says which right an ACL user lacks', async () => {
    await administer(managed, (admin) => admin.acl('SETUSER', 'chat', '-@scripting'));
    expect(await found(managed.env)).toMatch(/ACL user lacks a right.*eval/);
    await administer(managed, (admin) => admin.acl('SETUSER', 'chat', '+@scripting'));
  });

  it('warns of a server that evicts', async () => {
    const lines: string[] = [];
    Logger.overrideLogger({ log: () => undefined, error: () => undefined, warn: (line: string) => lines.push(line) });
    const evicting = await deployments.single(['--maxmemory-policy', 'allkeys-lru']);
    await eventually(async () => {
      expect(await check(evicting.env)).toBeNull();
      return lines.length > 0;
    });
    expect(lines).toEqual([expect.stringMatching(/maxmemory-policy allkeys-lru.*noeviction/)]);
  });

  it('finds nothing wrong with what passes: a server that is away, hangs, is full or a replica', async () => {
    expect(await check({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(await freePort()) })).toBeNull();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    for (const REDIS_TLS of ['false', 'true'])
      expect(await check({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), REDIS_TLS })).toBeNull();
    silent.close();
    await administer(single, (admin) => admin.config('SET', 'maxmemory', '1'));
    expect(await check(single.env)).toBeNull();
    await administer(single, (admin) => admin.config('SET', 'maxmemory', '0'));
    await administer(single, (admin) => admin.replicaof('127.0.0.1', 1));
    expect(await check(single.env)).toBeNull();
    await administer(single, (admin) => admin.replicaof('NO', 'ONE'));
  }, 60_000);
});
