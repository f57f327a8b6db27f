import { createHash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Command, Redis, type RedisCommander } from 'ioredis';
import { assertOneHashTag } from './hash-tag.js';
import { connectRedis, evictedKeysOf, isByReplica, type RedisConnection } from './redis-options.js';
import { RedisConfig } from './redis.config.js';
import { RedisTrouble } from './redis-trouble.js';

/** What probes write; an ACL user may write there as it is. */
const PROBE_KEY = 'rate:probe';
const PROBE_SECONDS = 60;

/** On which connection a command is sent: ioredis' own matter. */
type Where = Parameters<Redis['sendCommand']> extends [unknown, ...infer Rest] ? Rest : never;

/** The digest of each script that was run. */
const digests = new Map<string, string>();

/**
 * The process's shared Redis connection for short commands: the same for one server, a cluster, and a master that Sentinels
 * name. It fails fast: with Redis away a command is refused at once instead of being kept for later, and no command takes
 * longer than a second. What all keys of one command have in common is a hash tag.
 */
@Injectable()
export class RedisClient implements OnApplicationShutdown {
  private readonly connection: RedisConnection;
  private readonly trouble: RedisTrouble;
  /** Told of the seconds that each command has taken, however it ended. Null: no one. */
  onCommandEnd: ((seconds: number) => void) | null = null;
  /** Told when the connection is ready again after its server was found to be a replica. Null: no one. */
  onReplicaLeft: (() => void) | null = null;
  private isLeavingReplica = false;

  constructor(@Inject(RedisConfig) config: RedisConfig) {
    this.connection = connectRedis(config, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 1_000,
      // A server that hangs keeps its connections: by then there may be another master.
      socketTimeout: 5_000,
    });
    this.connection.on('ready', () => {
      if (this.isLeavingReplica) this.onReplicaLeft?.();
      this.isLeavingReplica = false;
    });
    this.observeCommands();
    this.trouble = new RedisTrouble(this.connection, config.server);
  }

  /** The connection, for a command. */
  private get commands(): RedisCommander {
    if (this.connection instanceof Redis) gatherWrites(this.connection);
    return this.connection;
  }

  /** The connection's state; `ready`: commands can be sent. */
  get status(): string {
    return this.connection.status;
  }

  onApplicationShutdown(): void {
    this.disconnect();
  }

  /** Closes the connection for good. */
  disconnect(): void {
    this.connection.disconnect();
  }

  /** Whether Redis answers. @throws when it doesn't */
  ping(): Promise<string> {
    return this.commands.ping();
  }

  /** How many keys the server has evicted since it started; of a cluster, all masters together. */
  evictedKeys(): Promise<number> {
    return evictedKeysOf(this.connection);
  }

  /** Writes a key, since a server that takes no writes answers everything else as ever. @throws when that fails */
  async probe(): Promise<void> {
    await this.set(PROBE_KEY, '1', 'EX', PROBE_SECONDS);
  }

  /** Why a command failed, in a sentence; null when nothing is known yet. */
  explain(error: Error): string | null {
    return this.trouble.explain(error);
  }

  get(key: string): Promise<string | null> {
    return this.commands.get(key);
  }

  /** @param seconds how long the key lives */
  async set(key: string, value: string, unit: 'EX', seconds: number): Promise<void> {
    await this.commands.set(key, value, unit, seconds);
  }

  /** @throws CrossSlotError unless the keys have one hash tag */
  async del(...keys: string[]): Promise<void> {
    assertOneHashTag(keys);
    await this.commands.del(...keys);
  }

  /** A part of a string as bytes. @param end of the last byte; -1: of the string's last one */
  getrangeBuffer(key: string, start: number, end: number): Promise<Buffer> {
    return this.commands.getrangeBuffer(key, start, end);
  }

  lrange(key: string, start: number, stop: number): Promise<string[]> {
    return this.commands.lrange(key, start, stop);
  }

  hgetBuffer(key: string, field: string): Promise<Buffer | null> {
    return this.commands.hgetBuffer(key, field);
  }

  smembers(key: string): Promise<string[]> {
    return this.commands.smembers(key);
  }

  /** Reaches every subscriber, whichever node of a cluster it listens at. */
  async publish(channel: string, message: string): Promise<void> {
    await this.commands.publish(channel, message);
  }

  /**
   * Runs a script, which is sent only where Redis doesn't know it yet.
   *
   * @param numberOfKeys how many of the arguments are keys: the first ones. All keys that the script reads have their hash tag.
   * @throws CrossSlotError unless the keys have one hash tag
   */
  eval(script: string, numberOfKeys: number, ...args: (string | number | Buffer)[]): Promise<unknown> {
    assertOneHashTag(args.slice(0, numberOfKeys).map(String));
    return orByText(
      () => this.commands.evalsha(digestOf(script), numberOfKeys, ...args),
      () => this.commands.eval(script, numberOfKeys, ...args),
    );
  }

  /** Every command goes through the connection's `sendCommand`, whichever method it has. */
  private observeCommands(): void {
    const { connection } = this;
    const send: Redis['sendCommand'] = connection.sendCommand.bind(connection);
    connection.sendCommand = (command: Command, ...where: Where) => {
      const begun = performance.now();
      const ended = (): void => this.onCommandEnd?.((performance.now() - begun) / 1_000);
      const sent = send(command, ...where);
      command.promise.then(ended, (error: Error) => {
        ended();
        if (isByReplica(error)) this.isLeavingReplica = true;
      });
      return sent;
    };
  }
}

/**
 * Has all commands of this turn of the event loop go out in one write. Requests arrive many at a time, and a system call for each
 * command is what a command costs most. A cluster's connections, one to each node, go without.
 */
function gatherWrites({ stream }: Redis): void {
  // There is none before the first connection.
  if ((stream as Redis['stream'] | undefined)?.writableCorked !== 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}

function digestOf(script: string): string {
  const digest = digests.get(script) ?? createHash('sha1').update(script).digest('hex');
  digests.set(script, digest);
  return digest;
}

async function orByText(byDigest: () => Promise<unknown>, byText: () => Promise<unknown>): Promise<unknown> {
  try {
    return await byDigest();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return byText();
  }
}
