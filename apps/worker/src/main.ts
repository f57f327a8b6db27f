import 'reflect-metadata';
import {
  HealthService,
  JsonLogger,
  loadConfig,
  LoggingConfig,
  OperationsServer,
  ProcessConfig,
  runProcess,
} from '@app/platform';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WorkerConfig } from './worker.config.js';
import { WorkerModule } from './worker.module.js';

await runProcess('Worker', async () => {
  const module = WorkerModule.forRoot();
  const [config, logging, lifetime] = loadConfig([WorkerConfig, LoggingConfig, ProcessConfig]);
  const app = await NestFactory.createApplicationContext(module, {
    logger: new JsonLogger('worker', logging),
    abortOnError: false,
  });
  const operations = new OperationsServer(app);
  const watchedOn = await operations.listen(config.WORKER_HEALTH_PORT);
  new Logger('Worker').log(`Working; for operators on port ${watchedOn}`);

  const stop = async (): Promise<void> => {
    app.get(HealthService).beginShutdown();
    await app.close();
    await operations.close();
  };
  return { stop, stopTimeout: lifetime.SHUTDOWN_TIMEOUT_MS };
});
