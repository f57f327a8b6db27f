import 'reflect-metadata';
import { setTimeout } from 'node:timers/promises';
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

await runProcess('API', async () => {
  const module = ApiModule.forRoot();
  const [config, webApp, plans, watching, logging, lifetime] = loadConfig([
    ApiConfig,
    WebAppConfig,
    CatalogueConfig,
    OperationsConfig,
    LoggingConfig,
    ProcessConfig,
  ]);
  const { messageCharacters } = loadPlanCatalogue(plans);
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    createAdapter(config, messageCharacters.largest),
    {
      logger: new JsonLogger('api', logging),
      abortOnError: false,
      bodyParser: false,
    },
  );
  await configureApp(app, config, webApp.WEB_APP === 'on' ? readWebApp(WEB_APP_FOLDER) : []);
  const operations = new OperationsServer(app);
  const watchedOn = await operations.listen(config.METRICS_PORT, watching.METRICS_HOST);
  await app.listen(config.PORT, config.HOST);
  new Logger('API').log(`Listening on port ${config.PORT}, for operators on ${watchedOn} of ${watching.METRICS_HOST}`);

  const stop = async (): Promise<void> => {
    app.get(HealthService).beginShutdown();
    await setTimeout(config.SHUTDOWN_DELAY_MS);
    await app.close();
    await operations.close();
  };
  return { stop, stopTimeout: config.SHUTDOWN_DELAY_MS + lifetime.SHUTDOWN_TIMEOUT_MS };
});
