import { Logger } from '@nestjs/common';
import { Cluster, type Redis } from 'ioredis';
import type { StartCheck } from '../process/start-checks.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { connectRedis, type RedisConnection } from './redis-options.js';
import type { RedisConfig } from './redis.config.js';
import { causeOf, isLasting } from './redis-trouble.js';
import { speaksPlainly, speaksTls } from './redis-speech.js';

/** How long the whole check may take. Without an answer by then Redis is out of reach. */
const TIMEOUT_MS = 3_000;

/** The oldest version whose commands suffice. */
const OLDEST_VERSION = [6, 2] as const;

/**
 * Whether Redis takes the login, the kind of connection and writes, and is what the settings say: a cluster, or not.
 * @param name what the log calls it
 */
export function redisStartCheck(config: RedisConfig, name = 'Redis'): StartCheck {
  return async () => {
    const errors: Error[] = [];
    let hasBeenReady = false;
    const connection = connectOnce(config);
    connection.on('ready', () => (hasBeenReady = true));
    connection.on('error', (error: Error) => errors.push(error));
    try {
      const found = await withTimeout(TIMEOUT_MS, inspect(connection, config, name), () => {
        throw new Error('timeout');
      });
      if (found !== null) return found;
    } catch (error) {
      errors.push(error as Error);
      if (!hasBeenReady && !errors.some(isLasting)) return await wrongSpeech(config);
    } finally {
      connection.disconnect();
    }
    // Some failures are told by events alone, such as that of choosing the database.
    const lasting = errors.find(isLasting);
    return lasting === undefined ? null : causeOf(lasting);
  };
}

/** {@link redisStartCheck} for the shared server, and for each that a part has for itself. */
export const redisStartChecks = (config: RedisConfig): StartCheck[] => [
  redisStartCheck(config),
  ...config.ownParts.map((part) => redisStartCheck(config.of(part), `Redis of ${part}`)),
];

/** A connection that is not tried again: what fails at the first try is what is to be judged. */
function connectOnce(config: RedisConfig): RedisConnection {
  const connection = connectRedis(config, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  });
  if (connection instanceof Cluster) connection.options.clusterRetryStrategy = () => null;
  return connection;
}

/** @throws what Redis says to the login or to a command */
async function inspect(connection: RedisConnection, config: RedisConfig, name: string): Promise<string | null> {
  await connection.connect();
  const info = await (connection as Redis).info();
  const isCluster = fieldOf(info, 'cluster_enabled') === '1';
  if (isCluster && !config.REDIS_CLUSTER) return `${name} is a cluster; set REDIS_CLUSTER=true`;
  if (isTooOld(fieldOf(info, 'redis_version'))) return `${name} is older than ${OLDEST_VERSION.join('.')}`;
  const policy = fieldOf(info, 'maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    new Logger('Redis').warn(
      `${name} may delete jobs, codes and limits to get memory (maxmemory-policy ${policy}); set it to noeviction`,
    );
  }
  await connection.set('rate:probe', '1', 'EX', 60);
  await connection.set('{bull}:probe', '1', 'EX', 60);
  await connection.eval('return 1', 1, '{bull}:probe');
  return null;
}

const fieldOf = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

function isTooOld(version: string | undefined): boolean {
  const [major = Infinity, minor = 0] = (version ?? '').split('.').filter(Boolean).map(Number);
  return major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
}

/** Whether a server listens there that speaks the other way, with TLS or without: that is sure only if it answers in it. */
async function wrongSpeech(config: RedisConfig): Promise<string | null> {
  if (config.sentinels !== null) return null;
  for (const address of config.nodes) {
    const { tls } = config.server;
    if (tls && (await speaksPlainly(address)))
      return 'Redis speaks no TLS there; check REDIS_TLS (or rediss: in REDIS_URL)';
    if (!tls && (await speaksTls(address))) return 'Redis wants TLS; check REDIS_TLS (or rediss: in REDIS_URL)';
  }
  return null;
}
