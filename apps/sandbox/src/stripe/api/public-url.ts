import type { FastifyRequest } from 'fastify';
import type { StripeSandboxConfig } from '../stripe-sandbox.config.js';

/** The base URL of the sandbox's pages: the configured one, else the host that the API call was sent to. */
export const publicUrl = (config: StripeSandboxConfig, request: FastifyRequest): string =>
  config.publicUrl ?? `http://${request.host}`;
