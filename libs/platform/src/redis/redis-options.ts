import { type ClusterOptions, Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from './redis.config.js';

const CONNECT_TIMEOUT_MS = 5_000;

/** How long a Sentinel may take to say who the master is, before the next one is asked. */
const SENTINEL_TIMEOUT_MS = 1_000;

/** How often a cluster is asked which node has which keys, though nothing says that it has changed. */
const SLOTS_INTERVAL_MS = 10_000;

/** Pause before a command is sent again that a node of a cluster couldn't take. */
const CLUSTER_RETRY_MS = 100;

/** A connection for commands. */
export type RedisConnection = Redis | Cluster;

/**
 * Connection options for a client of one's own (a subscriber, a queue) of a server, or of the master that Sentinels name.
 * Reconnects for ever, with a pause that grows to two seconds.
 */
export function redisOptions(config: RedisConfig) {
  return { ...addressOf(config), ...nodeOptions(config), retryStrategy: pauseBefore } satisfies RedisOptions;
}

/**
 * A connection for commands: to a server, a cluster, or the master that Sentinels name.
 * @param own what this client needs beyond what all do
 */
export function connectRedis(config: RedisConfig, own: RedisOptions): RedisConnection {
  return config.REDIS_CLUSTER
    ? new Cluster(config.nodes, clusterOptions(config, own))
    : new Redis({ ...redisOptions(config), ...own });
}

/** Whether a server has refused a write because it is a replica. */
export const isByReplica = ({ message }: Error): boolean => message.includes('READONLY');

/** How many keys a server has evicted since it started; of a cluster, all masters together. */
export async function evictedKeysOf(connection: RedisConnection): Promise<number> {
  const servers = connection instanceof Redis ? [connection] : connection.nodes('master');
  const stats = await Promise.all(servers.map((server) => server.info('stats')));
  return stats.reduce((sum, text) => sum + Number(/^evicted_keys:(\d+)/m.exec(text)?.[1] ?? 0), 0);
}

/** What holds for the connection to any server. */
function nodeOptions(config: RedisConfig) {
  const { username, password } = config.server;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...tlsOf(config),
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    // A master that a failover has made a replica keeps its connections: the next one finds the new master.
    reconnectOnError: isByReplica,
  } satisfies RedisOptions;
}

function clusterOptions(config: RedisConfig, own: RedisOptions): ClusterOptions {
  const { enableOfflineQueue = true, lazyConnect = false } = own;
  const retries = own.commandTimeout === undefined ? {} : { maxRedirections: own.commandTimeout / CLUSTER_RETRY_MS };
  return {
    ...retries,
    enableOfflineQueue,
    lazyConnect,
    redisOptions: { ...nodeOptions(config), ...own },
    retryDelayOnFailover: CLUSTER_RETRY_MS,
    retryDelayOnClusterDown: CLUSTER_RETRY_MS,
    slotsRefreshInterval: SLOTS_INTERVAL_MS,
    clusterRetryStrategy: pauseBefore,
    // Names stay names, since certificates are made out to them.
    dnsLookup: (address, callback) => callback(null, address),
  };
}

function addressOf(config: RedisConfig) {
  const { host, port, db } = config.server;
  const { sentinels } = config;
  if (sentinels === null) return { host, port, db };
  const { REDIS_SENTINEL_NAME, REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD } = config;
  return {
    db,
    sentinels,
    name: REDIS_SENTINEL_NAME as string,
    ...(REDIS_SENTINEL_USERNAME === undefined ? {} : { sentinelUsername: REDIS_SENTINEL_USERNAME }),
    ...(REDIS_SENTINEL_PASSWORD === undefined ? {} : { sentinelPassword: REDIS_SENTINEL_PASSWORD }),
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: pauseBefore,
  };
}

function tlsOf(config: RedisConfig) {
  const isSentinelTls = config.sentinels !== null && (config.REDIS_SENTINEL_TLS ?? config.server.tls);
  const ca = config.certificateAuthority;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(config.REDIS_TLS_SERVERNAME === undefined ? {} : { servername: config.REDIS_TLS_SERVERNAME }),
  };
  return {
    ...(config.server.tls ? { tls, enableTLSForSentinelMode: true } : {}),
    ...(isSentinelTls ? { sentinelTLS: tls } : {}),
  };
}

const pauseBefore = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000);
