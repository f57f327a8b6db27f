import type { RedisConnection } from './redis-options.js';

/** What is wrong, and which setting it is about. */
interface Cause {
  /** What the error says. */
  pattern: RegExp;
  text: string;
  /** Whether waiting doesn't mend it. */
  isLasting: boolean;
}

const lasting = (pattern: RegExp, text: string): Cause => ({ pattern, text, isLasting: true });
const passing = (pattern: RegExp, text: string): Cause => ({ pattern, text, isLasting: false });

/** The first that matches counts. */
const CAUSES: Cause[] = [
  lasting(/WRONGPASS|NOAUTH|invalid username-password/i, 'Redis refuses the login; check user and password'),
  lasting(/NOPERM/, "Redis' ACL user lacks a right; docs/redis.md lists what it needs"),
  lasting(/altnames?/i, "Redis' certificate is made out to another name; check REDIS_TLS_SERVERNAME"),
  lasting(/certificate|unable to get .*issuer/i, "Redis' certificate is not trusted; check REDIS_TLS_CA"),
  lasting(/wrong version number|EPROTO|packet length/i, 'Redis speaks no TLS there; check REDIS_TLS'),
  lasting(/SELECT is not allowed in cluster mode|cluster support disabled/i, 'Check REDIS_CLUSTER'),
  lasting(/DB index is out of range/i, 'Redis has no such logical database; check REDIS_DB'),
  lasting(/No such master|invalid reply: null/i, 'The Sentinels know no such master; check REDIS_SENTINEL_NAME'),
  passing(/^OOM|\bOOM command/, 'Redis is full and takes no writes; docs/redis.md says how much memory it needs'),
  passing(/READONLY/, 'Redis takes no writes, since it is a replica'),
  passing(/MISCONF/, "Redis takes no writes, since it can't save them to its disk"),
  passing(/CLUSTERDOWN/, 'The cluster of Redis is down'),
  passing(/LOADING/, 'Redis is starting'),
  passing(/Command timed out|no answer within/, 'Redis does not answer'),
];

const AWAY = 'Redis is out of reach';
const CLOSED = 'Redis closes the connection before the login; does it want TLS (REDIS_TLS)?';
const SILENT = 'No connection with TLS comes about; does Redis speak TLS there (REDIS_TLS)?';

/** What an error of Redis or of its connection means, with what it says. @returns null when it says nothing special */
export function causeOf(error: Error): string | null {
  const text = textOf(error);
  const found = CAUSES.find(({ pattern }) => pattern.test(text));
  return found === undefined ? null : `${found.text}: ${text}`;
}

/** Whether an error means something that waiting doesn't mend. */
export function isLasting(error: Error): boolean {
  return CAUSES.find(({ pattern }) => pattern.test(textOf(error)))?.isLasting === true;
}

/** Remembers what is wrong with a connection, from its events. */
export class RedisTrouble {
  private cause: string | null = null;
  private hasBeenReady = false;

  constructor(connection: RedisConnection, { tls }: { tls: boolean }) {
    connection.on('error', (error: Error) => {
      this.cause = causeOf(error) ?? `${this.hasBeenReady ? AWAY : atFirst(textOf(error), tls)}: ${textOf(error)}`;
    });
    connection.on('close', () => {
      this.cause ??= this.hasBeenReady ? AWAY : CLOSED;
    });
    connection.on('ready', () => {
      this.cause = null;
      this.hasBeenReady = true;
    });
  }

  /**
   * Why a command failed: that there is no connection is worth less than why there is none.
   * @returns null when the connection comes about for the first time, and nothing speaks against it yet
   */
  explain(error: Error): string | null {
    return this.cause ?? causeOf(error) ?? (this.hasBeenReady ? `${AWAY}: ${textOf(error)}` : null);
  }
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
