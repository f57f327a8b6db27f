import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { provideRedis } from '../../../../scripts/services/redis.mjs';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import {
  RedisDeployments,
  type RedisEnvironment,
  type RedisServer,
} from '../../../../test/support/deployments/redis-deployments.js';
import { loadConfig } from '../config/load-config.js';
import { Dependency } from '../health/dependency.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { RedisClient } from './redis.client.js';
import { RedisConfig } from './redis.config.js';
import { RedisSubscriber } from './redis.subscriber.js';

let deployments: RedisDeployments;
/** What was logged, in order. */
let lines: string[];
/** How many probes of watched clients were begun. */
let probes: number;
const toClose: (() => void)[] = [];

beforeAll(async () => {
  deployments = await RedisDeployments.create(await provideRedis(() => undefined));
});

beforeEach(() => {
  lines = [];
  probes = 0;
  const write = (line: string) => void lines.push(line);
  Logger.overrideLogger({ log: write, warn: write, error: write });
});

afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

afterAll(() => deployments.stop());

const configOf = (env: RedisEnvironment): RedisConfig => loadConfig([RedisConfig], env)[0];

function clientOf(env: RedisEnvironment): RedisClient {
  const client = new RedisClient(configOf(env));
  toClose.push(() => client.disconnect());
  return client;
}

/** A client whose state is logged, as the process has it. */
function watchedClientOf(env: RedisEnvironment): RedisClient {
  const client = clientOf(env);
  const probe = () => {
    probes++;
    return client.probe();
  };
  const explain = (error: Error) => client.explain(error);
  const dependency = new Dependency({ name: 'redis', title: 'Redis', probe, explain, consequence: 'Much is slower' });
  dependency.start();
  toClose.push(() => dependency.stop());
  return client;
}

async function readyClientOf(env: RedisEnvironment): Promise<RedisClient> {
  const client = clientOf(env);
  await eventually(() => client.status === 'ready');
  return client;
}

/** Subscribes to a channel of its own, and writes down what it hears. */
async function subscribed(env: RedisEnvironment) {
  const subscriber = new RedisSubscriber(configOf(env));
  subscriber.onApplicationBootstrap();
  toClose.push(() => subscriber.onApplicationShutdown());
  // The channels of the ACL user.
  const channel = `reply:${randomUUID()}`;
  const heard: string[] = [];
  subscriber.subscribe(channel, {
    onMessage: (message) => heard.push(message),
    onSubscribed: () => heard.push('(subscribed)'),
    onInterrupted: () => heard.push('(interrupted)'),
  });
  await eventually(() => heard.includes('(subscribed)'));
  return { channel, heard };
}

function adminOf({ reach }: RedisServer): Redis {
  const admin = new Redis(reach);
  toClose.push(() => admin.disconnect());
  return admin;
}

describe('a cluster', () => {
  it('has each key at its node, and brings messages of all nodes to the subscriber', async () => {
    const { env, servers } = await deployments.cluster();
    const client = await readyClientOf(env);
    const keys = Array.from({ length: 30 }, (_, index) => `rate:${index}`);
    // On a busy machine a command may take longer than the product waits for it.
    await eventually(() => Promise.all(keys.map((key) => client.set(key, key, 'EX', 60))));
    expect(await eventually(() => Promise.all(keys.map((key) => client.get(key))))).toEqual(keys);
    const sizes = await Promise.all(servers.map((server) => adminOf(server).dbsize()));
    expect(sizes.every((size) => size > 0)).toBe(true);

    const { channel, heard } = await subscribed(env);
    for (const server of servers) await adminOf(server).publish(channel, String(server.port));
    await eventually(() => heard.length === 4);
    expect(heard.slice(1).sort()).toEqual(servers.map(({ port }) => String(port)).sort());
  });

  it('keeps a subscriber whose node dies, though it was told of that node alone', async () => {
    const { env, servers } = await deployments.cluster();
    const { channel, heard } = await subscribed(env);
    // The node that the settings name, where the subscriber therefore is.
    servers[0]?.process.kill('SIGKILL');
    await eventually(() => heard.length === 3);
    await adminOf(servers[2]!).publish(channel, 'still there');
    await eventually(() => heard.length === 4);
    expect(heard).toEqual(['(subscribed)', '(interrupted)', '(subscribed)', 'still there']);
  });

  it('of which a node is away refuses within a second what that node has', async () => {
    const { env, servers } = await deployments.cluster();
    const client = await readyClientOf(env);
    servers[1]?.process.kill('SIGKILL');
    const read = Promise.allSettled(Array.from({ length: 20 }, (_, index) => client.get(`rate:${index}`)));
    // Told by the order of timers: where the process stands still meanwhile, this one is as late as those of the client.
    const results = await withTimeout(1_500, read, () => {
      throw new Error('It takes more than a second.');
    });
    expect(results.some(({ status }) => status === 'rejected')).toBe(true);
  });
});

describe('Sentinel', () => {
  it('moves client and subscriber away from a master that hangs', async () => {
    const { env, servers } = await deployments.sentinel();
    const client = await readyClientOf(env);
    const { channel, heard } = await subscribed(env);
    servers[0]?.process.kill('SIGSTOP');
    await eventually(() => heard.length === 3, { withinMs: 30_000 });
    await eventually(() => client.publish(channel, 'new master').then(() => true), { withinMs: 20_000 });
    await eventually(() => heard.includes('new master'));
    expect(heard.slice(0, 3)).toEqual(['(subscribed)', '(interrupted)', '(subscribed)']);
    expect(await adminOf(servers[1]!).role()).toContain('master');
  }, 60_000);

  it('that knows no such master is named with the setting', async () => {
    const { env } = await deployments.sentinel();
    watchedClientOf({ ...env, REDIS_SENTINEL_NAME: 'other' });
    await eventually(() => lines.length > 0);
    expect(lines[0]).toMatch(/check REDIS_SENTINEL_NAME/);
  });
});

describe('a master that has become a replica', () => {
  it('is left, since it takes no writes', async () => {
    const { env, servers } = await deployments.single();
    const client = withLongTimeout(await readyClientOf(env));
    const admin = adminOf(servers[0]!);
    await admin.replicaof('127.0.0.1', 1);
    // Writes by a script say so as plain ones do.
    await expect(client.eval(`return redis.call('SET', KEYS[1], '')`, 1, 'key')).rejects.toThrow(/READONLY/);
    await eventually(() => client.status !== 'ready', { everyMs: 1 });
    await admin.replicaof('NO', 'ONE');
    await eventually(() => client.set('key', '', 'EX', 60).then(() => true));
  });
});

describe('the log', () => {
  it('says once that the login is refused, and again when it is right', async () => {
    const { env, servers } = await deployments.single();
    const client = watchedClientOf({ ...env, REDIS_PASSWORD: 'hunter2' });
    // The second failure is logged, or the first one behind it of which the cause is known; those after it, of which two have
    // ended by then, are not.
    await eventually(() => lines.length > 0);
    const logged = probes;
    await eventually(() => probes >= logged + 3);
    expect(lines).toHaveLength(1);
    await adminOf(servers[0]!).config('SET', 'requirepass', 'hunter2');
    await eventually(() => client.status === 'ready');
    await eventually(() => lines.length === 2);
    expect(lines[0]).toMatch(/Redis refuses the login; check user and password: WRONGPASS/);
    expect(lines[1]).toBe('Redis is back');
    expect(lines.join()).not.toContain('hunter2');
  });

  it.each<[string, (env: RedisEnvironment) => RedisEnvironment, RegExp]>([
    ['an authority that is not the one', ({ REDIS_URL = '' }) => ({ REDIS_URL }), /not trusted; check REDIS_TLS_CA/],
    [
      'TLS that is missing',
      ({ REDIS_URL = '' }) => ({ REDIS_URL: REDIS_URL.replace('rediss', 'redis') }),
      /does it want TLS/,
    ],
    [
      'another name than the certificate has',
      (env) => ({ ...env, REDIS_TLS_SERVERNAME: 'redis.example' }),
      /check REDIS_TLS_SERVERNAME/,
    ],
  ])('names the setting for %s', async (_, change, message) => {
    const { env } = await deployments.managed();
    watchedClientOf(change(env));
    await eventually(() => lines.length > 0);
    expect(lines[0]).toMatch(message);
  });

  it('names the setting for TLS at a server without it', async () => {
    const { env } = await deployments.single();
    watchedClientOf({ ...env, REDIS_TLS: 'true' });
    await eventually(() => lines.length > 0);
    expect(lines[0]).toMatch(/does Redis speak TLS there/);
  });

  it('names the setting for a login that a cluster refuses', async () => {
    const { env } = await deployments.cluster();
    watchedClientOf({ ...env, REDIS_PASSWORD: 'hunter2' });
    await eventually(() => lines.length > 0);
    expect(lines[0]).toMatch(/Redis refuses the login/);
  });
});
