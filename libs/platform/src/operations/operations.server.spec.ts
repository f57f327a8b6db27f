import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthService } from '../health/health.service.js';
import { Metrics } from '../metrics/metrics.registry.js';
import { OperationsServer } from './operations.server.js';

@Module({ providers: [Metrics, { provide: HealthService, useValue: {} }] })
class Watched {}

it('answers on another port where its own is taken, so that one machine holds more than one replica', async () => {
  const app = await NestFactory.createApplicationContext(Watched, { logger: false });
  const [first, second] = [new OperationsServer(app), new OperationsServer(app)];
  const port = await first.listen(0);
  const another = await second.listen(port);
  expect(another).not.toBe(port);
  for (const each of [port, another]) {
    expect((await fetch(`http://127.0.0.1:${each}/health/live`)).status).toBe(200);
  }
  await Promise.all([first.close(), second.close(), app.close()]);
});
