import 'reflect-metadata';
import { setTimeout } from 'node:timers/promises';
import { FileStoreConfig, fileStoreStartCheck } from '@app/file';
import {
  closeConnectionsAfterAnswers,
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
  stopListening,
  startTracing,
  TracingConfig,
} from '@app/platform';
import { CatalogueConfig, loadPlanCatalogue } from '@app/subscription';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiConfig } from './api.config.js';
import { ApiModule } from './api.module.js';
import { configureApp, createAdapter } from './configure-app.js';
import { readWebApp } from './web-app/web-app-files.js';
import { WebAppConfig } from './web-app/web-app.config.js';

/** Where the build leaves the chat page, seen from `dist/api/main.js`. */
const WEB_APP_FOLDER = new URL('../web/', import.meta.url);

/** Milliseconds in which requests in flight may end once the port is closed, unless the environment says otherwise. */
const SHUTDOWN_TIMEOUT_MS = 10_000;

await runProcess('API', async () => {
  const module = ApiModule.forRoot();
  const [config, webApp, plans, watching, logging, lifetime, tracingConfig, database, redis, files] = loadConfig([
    ApiConfig,
    WebAppConfig,
    CatalogueConfig,
    OperationsConfig,
    LoggingConfig,
    ProcessConfig,
    TracingConfig,
    DatabaseConfig,
    RedisConfig,
    FileStoreConfig,
  ]);
  const logger = processLogger('api', logging);
  Logger.overrideLogger(logger);
  await runStartChecks([
    databaseStartCheck(database, [inspectSchema]),
    ...redisStartChecks(redis),
    fileStoreStartCheck(files),
  ]);
  const tracing = await startTracing(tracingConfig, 'api');
  const { messageCharacters } = loadPlanCatalogue(plans);
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    createAdapter(config, messageCharacters.largest),
    {
      logger,
      abortOnError: false,
      bodyParser: false,
    },
  );
  await configureApp(app, config, webApp.WEB_APP === 'on' ? readWebApp(WEB_APP_FOLDER) : []);
  app.get(Metrics).describeBuild('api');
  const operations = new OperationsServer(app);
  const watchedOn = await operations.listen(config.METRICS_PORT, watching.METRICS_HOST);
  await app.listen(config.PORT, config.HOST);
  new Logger('API').log(`Listening on port ${config.PORT}, for operators on ${watchedOn} of ${watching.METRICS_HOST}`);

  const stop = async (): Promise<void> => {
    const server = app.getHttpServer();
    app.get(HealthService).beginShutdown();
    closeConnectionsAfterAnswers(server);
    await setTimeout(config.SHUTDOWN_DELAY_MS);
    await stopListening(server);
    app.get(ShutdownService).begin();
    await app.close();
    await operations.close();
    await tracing.stop();
  };
  return { stop, stopTimeout: config.SHUTDOWN_DELAY_MS + (lifetime.SHUTDOWN_TIMEOUT_MS ?? SHUTDOWN_TIMEOUT_MS) };
});
