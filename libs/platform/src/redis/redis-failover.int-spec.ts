import 'reflect-metadata';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { provideRedis } from '../../../../scripts/services/redis.mjs';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { RedisDeployments, type RedisServer } from '../../../../test/support/deployments/redis-deployments.js';
import { eventually } from '../../../../test/support/eventually.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { loadConfig } from '../config/load-config.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { StreamsRedisClient, StreamsRedisSubscriber } from './redis-parts.js';
import { RedisConfig } from './redis.config.js';
import { RedisModule } from './redis.module.js';

@Module({})
class Settings {}

@Module({})
class Process {}

let deployments: RedisDeployments;
let address: TcpProxy;
let oldMaster: RedisServer;
let newMaster: RedisServer;
let app: INestApplicationContext;

beforeAll(async () => {
  deployments = await RedisDeployments.create(await provideRedis(() => undefined));
});
afterAll(() => deployments.stop());

/** A process whose streams are at an address that leads to the old master. */
async function start(settings: (reach: { port: number; password: string }) => Record<string, string>): Promise<void> {
  const [one, other] = [await deployments.single(), await deployments.single()];
  [oldMaster, newMaster] = [one.servers[0]!, other.servers[0]!];
  address = await TcpProxy.to('127.0.0.1', oldMaster.port);
  const env = { ...one.env, ...settings({ port: address.port, password: oldMaster.reach.password ?? '' }) };
  const providers = [{ provide: RedisConfig, useValue: loadConfig([RedisConfig], env)[0] }];
  const config = { module: Settings, global: true, providers, exports: [RedisConfig] };
  const module = { module: Process, imports: [config, MetricsModule, RedisModule] };
  app = await NestFactory.createApplicationContext(module, { logger: false });
}

afterEach(async () => {
  await app.close();
  await address.close();
});

/** The old master stays there, as a replica that hears of nothing. */
async function failOver(): Promise<void> {
  const admin = new Redis(oldMaster.reach);
  await admin.replicaof('127.0.0.1', 1);
  admin.disconnect();
  address.redirect(newMaster.port);
}

it.each([
  ['the shared server', ({ port }: { port: number }) => ({ REDIS_PORT: String(port) })],
  [
    'the server of streams',
    ({ port, password }: { port: number; password: string }) => ({
      STREAMS_REDIS_URL: `redis://:${password}@127.0.0.1:${port}/0`,
    }),
  ],
])('a failover of %s takes the subscriber along', async (_, settings) => {
  await start(settings);
  const client = withLongTimeout(app.get(StreamsRedisClient));
  const heard: string[] = [];
  app.get(StreamsRedisSubscriber).subscribe('reply:1', {
    onMessage: (message) => heard.push(message),
    onSubscribed: () => heard.push('(subscribed)'),
    onInterrupted: () => heard.push('(interrupted)'),
  });
  await eventually(() => client.status === 'ready' && heard.length === 1);
  await failOver();
  await expect(client.probe()).rejects.toThrow(/READONLY/);
  await eventually(() => client.probe().then(() => true));
  await eventually(() => heard.length === 3);
  await client.publish('reply:1', 'by the new master');
  await eventually(() => heard.length === 4);
  expect(heard).toEqual(['(subscribed)', '(interrupted)', '(subscribed)', 'by the new master']);
});
