import { readStripeSandboxConfig, type StripeSandboxConfig } from './stripe/stripe-sandbox.config.js';

/** Where the sandbox listens, and what it shares with the product that it stands beside. */
export abstract class SandboxConfig {
  /** 0 takes any free port. */
  abstract readonly port: number;
  abstract readonly host: string;
  /** The secret (`whsec_...`) that signs one-time-code deliveries; null: signatures aren't checked. */
  abstract readonly smsSecret: string | null;
  abstract readonly stripe: StripeSandboxConfig;
}

/**
 * Reads `SANDBOX_PORT`, `SANDBOX_HOST`, `SANDBOX_SMS_SECRET` and what Stripe's stand-in needs; a blank one counts as absent.
 *
 * @throws Error that names the variable, never its value; always unless `NODE_ENV` is `development` or `test`
 */
export function readSandboxConfig(env: NodeJS.ProcessEnv): SandboxConfig {
  if (env.NODE_ENV !== 'development' && env.NODE_ENV !== 'test') {
    throw new Error('NODE_ENV must be development or test: the sandbox takes any key and pays with no money');
  }
  const port = Number(env.SANDBOX_PORT || 9200);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('SANDBOX_PORT must be a port number');
  return {
    port,
    host: env.SANDBOX_HOST || '127.0.0.1',
    smsSecret: env.SANDBOX_SMS_SECRET || null,
    stripe: readStripeSandboxConfig(env),
  };
}
