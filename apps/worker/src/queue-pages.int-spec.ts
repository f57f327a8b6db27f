import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BILLING_QUEUE, REPLY_QUEUE } from '@app/contracts';
import { getQueueToken } from '@nestjs/bullmq';
import type { INestApplicationContext } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Queue } from 'bullmq';
import { eventually } from '../../../test/support/eventually.js';
import { TcpProxy } from '../../../test/support/http/tcp-proxy.js';
import { testRedis } from '../../../test/support/services.js';
import { queuePages } from './queue-pages.js';

const PASSWORD = 'queues-of-a-test-7f3a';

@Module({})
class Queues {}

let network: TcpProxy;
let queues: Queue[];
let app: INestApplicationContext;
let server: Server;

beforeAll(async () => {
  const { host, port, db } = await testRedis();
  network = await TcpProxy.to(host, port);
  const connection = { host: '127.0.0.1', port: network.port, db, maxRetriesPerRequest: null };
  queues = [REPLY_QUEUE.queue, BILLING_QUEUE.queue].map((name) => new Queue(name, { connection }));
  for (const queue of queues) queue.on('error', () => undefined);
  const providers = queues.map((queue) => ({ provide: getQueueToken(queue.name), useValue: queue }));
  app = await NestFactory.createApplicationContext({ module: Queues, providers }, { logger: false });
  server = createServer(await queuePages(app, PASSWORD)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  network?.mend();
  server?.close();
  server?.closeAllConnections();
  await app?.close();
  await Promise.all((queues ?? []).map((queue) => queue.close()));
  await network?.close();
});

const listed = () =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/queues/api/queues`, {
    headers: { authorization: `Basic ${btoa(`operator:${PASSWORD}`)}` },
  });

it.each(['severed', 'half-open'] as const)(
  'are refused within seconds while the network to Redis is %s, and shown again after it',
  async (state) => {
    await eventually(async () => (await listed()).status === 200);
    network.set(state);
    const refused = await listed();
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({ message: expect.stringMatching(/timed out after 3000 ?ms/) }),
    ]);
    network.mend();
    await eventually(async () => (await listed()).status === 200);
  },
  60_000,
);
