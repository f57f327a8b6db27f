import { type GeminiSandboxConfig, readGeminiSandboxConfig } from './gemini/gemini-sandbox.config.js';
import { readStripeSandboxConfig, type StripeSandboxConfig } from './stripe/stripe-sandbox.config.js';

/** Where the sandbox listens, and what it shares with the product that it stands beside. */
export abstract class SandboxConfig {
  /** 0 takes any free port. */
  abstract readonly port: number;
  abstract readonly host: string;
  /** The names, besides those of this machine itself, by which clients may call it. */
  abstract readonly allowedHosts: readonly string[];
  /** The secret (`whsec_...`) that signs one-time-code deliveries; null: signatures aren't checked. */
  abstract readonly smsSecret: string | null;
  abstract readonly gemini: GeminiSandboxConfig;
  abstract readonly stripe: StripeSandboxConfig;
}

/**
 * Reads `SANDBOX_PORT`, `SANDBOX_HOST`, `SANDBOX_ALLOWED_HOSTS`, `SANDBOX_SMS_SECRET` and what the stand-ins for Gemini and Stripe
 * need; a blank one counts as absent.
 *
 * @throws Error that names the variable, never its value; always unless `NODE_ENV` is `development` or `test`
 */
export function readSandboxConfig(env: NodeJS.ProcessEnv): SandboxConfig {
  if (env.NODE_ENV !== 'development' && env.NODE_ENV !== 'test') {
    throw new Error('NODE_ENV must be development or test: the sandbox takes any key and pays with no money');
  }
  const port = Number(env.SANDBOX_PORT || 9200);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('SANDBOX_PORT must be a port number');
  const stripe = readStripeSandboxConfig(env);
  const named = (env.SANDBOX_ALLOWED_HOSTS || '').split(',').map((name) => name.trim().toLowerCase());
  const published = stripe.publicUrl === null ? '' : new URL(stripe.publicUrl).hostname;
  return {
    port,
    host: env.SANDBOX_HOST || '127.0.0.1',
    allowedHosts: [...named, published].filter((name) => name !== ''),
    smsSecret: env.SANDBOX_SMS_SECRET || null,
    gemini: readGeminiSandboxConfig(env),
    stripe,
  };
}
