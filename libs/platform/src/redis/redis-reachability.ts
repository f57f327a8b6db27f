import { Logger } from '@nestjs/common';
import type { RedisConnection } from './redis-options.js';

/** What is wrong, by what the error says, and which setting it is about. The first that matches counts. */
const CAUSES: [RegExp, string][] = [
  [/WRONGPASS|NOAUTH|invalid username-password/i, 'Redis refuses the login; check user and password'],
  [/NOPERM/, "Redis' ACL user lacks a right; docs/redis.md lists what it needs"],
  [/altnames?/i, "Redis' certificate is made out to another name; check REDIS_TLS_SERVERNAME"],
  [/certificate|unable to get .*issuer/i, "Redis' certificate is not trusted; check REDIS_TLS_CA"],
  [/wrong version number|EPROTO|packet length/i, 'Redis speaks no TLS there; check REDIS_TLS'],
  [/SELECT is not allowed in cluster mode|cluster support disabled/i, 'Check REDIS_CLUSTER'],
  [/No such master|invalid reply: null/i, 'The Sentinels know no such master; check REDIS_SENTINEL_NAME'],
];

const AWAY = 'Redis is out of reach';
const CLOSED = 'Redis closes the connection before the login; does it want TLS (REDIS_TLS)?';
const SILENT = 'No connection with TLS comes about; does Redis speak TLS there (REDIS_TLS)?';

/** Logs once when Redis gets out of reach, when the cause becomes another one, and when it is back. */
export function logReachability(connection: RedisConnection, { tls }: { tls: boolean }): void {
  const logger = new Logger('Redis');
  let cause: string | null = null;
  let hasBeenReady = false;
  const warn = (now: string, detail: string) => {
    if (now !== cause) logger.warn(`${now}${detail === '' ? '' : `: ${detail}`}`);
    cause = now;
  };
  connection.on('error', (error: Error) => {
    const text = textOf(error);
    const found = CAUSES.find(([pattern]) => pattern.test(text))?.[1];
    warn(found ?? (hasBeenReady ? AWAY : atFirst(text, tls)), text);
  });
  connection.on('close', () => {
    if (!hasBeenReady && cause === null) warn(CLOSED, '');
  });
  connection.on('ready', () => {
    if (cause !== null) logger.log('Redis is back');
    cause = null;
    hasBeenReady = true;
  });
}

/** What is wrong with a server that there has been no connection to yet. A server that expects the other kind of connection says nothing. */
function atFirst(text: string, tls: boolean): string {
  if (tls) return text.includes('ETIMEDOUT') ? SILENT : AWAY;
  return text.includes('ECONNRESET') ? CLOSED : AWAY;
}

/** A cluster's error says only in another one what its last node said. */
function textOf({ message, lastNodeError }: Error & { lastNodeError?: Error | null }): string {
  return lastNodeError instanceof Error ? `${message} ${lastNodeError.message}` : message;
}
