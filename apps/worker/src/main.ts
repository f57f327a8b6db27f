import 'reflect-metadata';
import { FileStoreConfig, fileStoreStartCheck } from '@app/file';
import { GeminiConfig, workerShutdownMs } from '@app/gemini';
import {
  DatabaseConfig,
  databaseStartCheck,
  HealthService,
  inspectSchema,
  loadConfig,
  LoggingConfig,
  Metrics,
  OperationsConfig,
  OperationsServer,
  ProcessConfig,
  processLogger,
  RedisConfig,
  redisStartChecks,
  runProcess,
  runStartChecks,
  ShutdownService,
  startTracing,
  TracingConfig,
} from '@app/platform';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WorkerConfig } from './worker.config.js';
import { WorkerModule } from './worker.module.js';

await runProcess('Worker', async () => {
  const module = WorkerModule.forRoot();
  const [config, watching, logging, lifetime, tracingConfig, database, redis, gemini, files] = loadConfig([
    WorkerConfig,
    OperationsConfig,
    LoggingConfig,
    ProcessConfig,
    TracingConfig,
    DatabaseConfig,
    RedisConfig,
    GeminiConfig,
    FileStoreConfig,
  ]);
  const logger = processLogger('worker', logging);
  Logger.overrideLogger(logger);
  await runStartChecks([
    databaseStartCheck(database, [inspectSchema]),
    ...redisStartChecks(redis),
    fileStoreStartCheck(files),
  ]);
  const tracing = await startTracing(tracingConfig, 'worker');
  const app = await NestFactory.createApplicationContext(module, {
    logger,
    abortOnError: false,
  });
  app.get(Metrics).describeBuild('worker');
  const operations = new OperationsServer(app);
  if (config.BULL_BOARD_PASSWORD !== undefined) {
    const { QUEUE_PAGES_PATH, queuePages } = await import('./queue-pages.js');
    operations.mount(QUEUE_PAGES_PATH, await queuePages(app, config.BULL_BOARD_PASSWORD));
  }
  const watchedOn = await operations.listen(config.WORKER_HEALTH_PORT, watching.METRICS_HOST);
  new Logger('Worker').log(`Working; for operators on port ${watchedOn} of ${watching.METRICS_HOST}`);

  const stop = async (): Promise<void> => {
    app.get(HealthService).beginShutdown();
    app.get(ShutdownService).begin();
    await app.close();
    await operations.close();
    await tracing.stop();
  };
  return { stop, stopTimeout: workerShutdownMs(lifetime, gemini) };
});
