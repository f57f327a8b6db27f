import type { FastifyRequest } from 'fastify';
import type { StripeSandboxConfig } from '../stripe-sandbox.config.js';

/** How a browser reaches the sandbox's pages: as configured, else as the caller of the API reached it. */
export const publicUrl = (config: StripeSandboxConfig, request: FastifyRequest): string =>
  config.publicUrl ?? `http://${request.host}`;
