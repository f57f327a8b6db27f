import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { browserGuard } from './browser-guard.js';
import type { SandboxConfig } from './sandbox.config.js';
import { SandboxModule } from './sandbox.module.js';

/** What Gemini accepts inline (ai.google.dev/gemini-api/docs/file-input-methods), and far more than the others send. */
const BODY_LIMIT_BYTES = 100 * 1024 * 1024;

/**
 * Builds the sandbox without listening. JSON and flat form bodies arrive parsed, and every request keeps its bytes as
 * `rawBody`, so that a vendor's module can check signatures or read nested forms its own way.
 */
export async function createSandbox(config: SandboxConfig): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true, // an answer that hangs is a feature here and must not hold up the exit
    routerOptions: { maxParamLength: 500 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(SandboxModule.forRoot(config), adapter, {
    rawBody: true,
    logger: ['error', 'warn'],
  });
  app.getHttpAdapter().getInstance().addHook('onRequest', browserGuard(config));
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  return app;
}
