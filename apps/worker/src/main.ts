import 'reflect-metadata';
import {
  HealthService,
  JsonLogger,
  loadConfig,
  LoggingConfig,
  OperationsConfig,
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
  const [config, watching, logging, lifetime] = loadConfig([
    WorkerConfig,
    OperationsConfig,
    LoggingConfig,
    ProcessConfig,
  ]);
  const app = await NestFactory.createApplicationContext(module, {
    logger: new JsonLogger('worker', logging),
    abortOnError: false,
  });
  const operations = new OperationsServer(app);
  const watchedOn = await operations.listen(config.WORKER_HEALTH_PORT, watching.METRICS_HOST);
  new Logger('Worker').log(`Working; for operators on port ${watchedOn} of ${watching.METRICS_HOST}`);

  const stop = async (): Promise<void> => {
    app.get(HealthService).beginShutdown();
    await app.close();
    await operations.close();
  };
  return { stop, stopTimeout: lifetime.SHUTDOWN_TIMEOUT_MS };
});
