import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthService } from '../health/health.service.js';
import { Metrics } from '../metrics/metrics.registry.js';
import { OperationsServer } from './operations.server.js';

@Module({ providers: [Metrics, { provide: HealthService, useValue: {} }] })
class Watched {}

it('listens on its own port or not at all', async () => {
  const app = await NestFactory.createApplicationContext(Watched, { logger: false });
  const [first, second] = [new OperationsServer(app), new OperationsServer(app)];
  const port = await first.listen(0, '127.0.0.1');
  expect(port).toBeGreaterThan(0);
  expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
  await expect(second.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  await Promise.all([first.close(), app.close()]);
});
