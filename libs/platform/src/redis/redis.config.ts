import { readFileSync } from 'node:fs';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, MinLength, ValidateIf } from 'class-validator';
import { BooleanVariable } from '../config/boolean-variable.decorator.js';
import { IntegerVariable } from '../config/integer-variable.decorator.js';
import { ReadableFromFile } from '../config/readable-from-file.decorator.js';
import { SecretVariable } from '../config/secret-variable.decorator.js';
import type { SelfCheckingConfig } from '../config/load-config.js';
import { parseAddress, parseRedisUrl, type RedisAddress, type RedisUrl } from './redis-address.js';

const DEFAULT_PORT = 6379;

const URL_FORM = 'redis[s]://[[user]:password@]host[:port][/database]';

/** A part of what is in Redis that may have a server of its own. */
export type RedisPart = 'queue' | 'streams' | 'limits';

const VARIABLE_OF = {
  queue: 'QUEUE_REDIS_URL',
  streams: 'STREAMS_REDIS_URL',
  limits: 'LIMITS_REDIS_URL',
} as const satisfies Record<RedisPart, keyof RedisConfig>;

/** How to reach Redis (or Valkey): one server, a cluster, or the master that Sentinels name. docs/redis.md says which settings each takes. */
export class RedisConfig implements SelfCheckingConfig {
  /** The server's name or address. Of a cluster: any of its nodes, or several, separated by commas. Blank with `REDIS_URL` or `REDIS_SENTINELS`. */
  @ValidateIf(({ REDIS_URL, REDIS_SENTINELS }: RedisConfig) => REDIS_URL === undefined && REDIS_SENTINELS === undefined)
  @IsString()
  @MinLength(1)
  REDIS_HOST!: string;

  /** Its port. */
  @IntegerVariable(1, 65_535)
  REDIS_PORT = DEFAULT_PORT;

  /** In place of host, port, user, password, database and TLS: `redis://user:password@host:6379/0`, with TLS `rediss://…`. */
  @IsOptional()
  @ReadableFromFile()
  @IsString()
  REDIS_URL?: string;

  /** Where the queues are, if not beside all else: the URL of one server, as `REDIS_URL`. */
  @IsOptional()
  @ReadableFromFile()
  @IsString()
  QUEUE_REDIS_URL?: string;

  /** The same for what is being written of replies, and for the channels on which readers and writers hear of each other. */
  @IsOptional()
  @ReadableFromFile()
  @IsString()
  STREAMS_REDIS_URL?: string;

  /** The same for limits of requests, and for one-time codes with theirs. */
  @IsOptional()
  @ReadableFromFile()
  @IsString()
  LIMITS_REDIS_URL?: string;

  /** The ACL user. Without it the password is the default user's. */
  @IsOptional()
  @IsString()
  REDIS_USERNAME?: string;

  /** Without it none is sent. */
  @IsOptional()
  @SecretVariable()
  REDIS_PASSWORD?: string;

  /** The logical database. A cluster has only 0. */
  @IntegerVariable(0, 15)
  REDIS_DB = 0;

  /** `true`: TLS, with a certificate that is checked. */
  @BooleanVariable()
  REDIS_TLS = false;

  /** The authority that certificates are checked against, where it isn't a public one: a file's path, or the PEM itself. */
  @IsOptional()
  @IsString()
  REDIS_TLS_CA?: string;

  /** The name that certificates are checked for, where it isn't the host's: nodes of a cluster may be known by address alone. */
  @IsOptional()
  @IsString()
  REDIS_TLS_SERVERNAME?: string;

  /** `true`: the server is a node of a Redis Cluster. */
  @BooleanVariable()
  REDIS_CLUSTER = false;

  /** Sentinels that know the master: `host:port`, separated by commas. */
  @IsOptional()
  @Transform(({ value }: { value: string }) => value.split(',').map((each) => each.trim()))
  @IsString({ each: true })
  REDIS_SENTINELS?: string[];

  /** The name under which Sentinels know the master. */
  @IsOptional()
  @IsString()
  REDIS_SENTINEL_NAME?: string;

  /** The ACL user of the Sentinels themselves. */
  @IsOptional()
  @IsString()
  REDIS_SENTINEL_USERNAME?: string;

  /** The password of the Sentinels themselves. */
  @IsOptional()
  @SecretVariable()
  REDIS_SENTINEL_PASSWORD?: string;

  /** `true`: the Sentinels speak TLS. Unless set, they do if Redis does. */
  @BooleanVariable()
  REDIS_SENTINEL_TLS?: boolean;

  /** The server that is connected to first. Without a host when Sentinels name it. */
  get server(): RedisUrl {
    return (
      this.url ?? {
        host: this.REDIS_HOST,
        port: this.REDIS_PORT,
        username: this.REDIS_USERNAME,
        password: this.REDIS_PASSWORD,
        db: this.REDIS_DB,
        tls: this.REDIS_TLS,
      }
    );
  }

  /** The nodes of a cluster that are asked for the others. */
  get nodes(): RedisAddress[] {
    const { host, port } = this.server;
    return host.split(',').map((each) => ({ host: each.trim(), port }));
  }

  /** Where the Sentinels are; null without any. */
  get sentinels(): RedisAddress[] | null {
    return this.REDIS_SENTINELS?.map(parseAddress).filter((address) => address !== null) ?? null;
  }

  /**
   * The authority's certificates as PEM; undefined when the public ones count.
   * @throws when the file can't be read
   */
  get certificateAuthority(): string | undefined {
    const value = this.REDIS_TLS_CA;
    if (value === undefined) return undefined;
    const isPem = value.startsWith('-----BEGIN');
    // Some platforms can't store line breaks in a variable.
    return isPem ? value.replaceAll('\\n', '\n') : readFileSync(value, 'utf8');
  }

  /** Where a part is: here, unless it has a URL of its own. */
  of(part: RedisPart): RedisConfig {
    const url = this[VARIABLE_OF[part]];
    if (url === undefined) return this;
    const own = Object.assign(new RedisConfig(), { REDIS_URL: url });
    if (this.REDIS_TLS_CA !== undefined && own.server.tls) own.REDIS_TLS_CA = this.REDIS_TLS_CA;
    return own;
  }

  /** The parts with a URL of their own. */
  get ownParts(): RedisPart[] {
    return (Object.keys(VARIABLE_OF) as RedisPart[]).filter((part) => this[VARIABLE_OF[part]] !== undefined);
  }

  findProblems(): string[] {
    return [
      ...this.problemsOfParts(),
      ...this.problemsOfUrl(),
      ...this.problemsOfSentinels(),
      ...this.problemsOfCluster(),
      ...this.problemsOfTls(),
    ];
  }

  private get url(): RedisUrl | null {
    return this.REDIS_URL === undefined ? null : parseRedisUrl(this.REDIS_URL);
  }

  private problemsOfParts(): string[] {
    return Object.values(VARIABLE_OF).flatMap((name) => {
      const url = this[name];
      return url === undefined || parseRedisUrl(url) !== null ? [] : [`${name} must be ${URL_FORM}`];
    });
  }

  private problemsOfUrl(): string[] {
    if (this.REDIS_URL === undefined) return [];
    const others = {
      REDIS_HOST: this.REDIS_HOST,
      REDIS_PORT: this.REDIS_PORT === DEFAULT_PORT ? undefined : this.REDIS_PORT,
      REDIS_USERNAME: this.REDIS_USERNAME,
      REDIS_PASSWORD: this.REDIS_PASSWORD,
      REDIS_DB: this.REDIS_DB || undefined,
      REDIS_TLS: this.REDIS_TLS || undefined,
      REDIS_SENTINELS: this.REDIS_SENTINELS,
    };
    return [...(this.url === null ? [`REDIS_URL must be ${URL_FORM}`] : []), ...together('REDIS_URL', others)];
  }

  private problemsOfSentinels(): string[] {
    const { REDIS_SENTINELS, REDIS_SENTINEL_NAME, REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD, sentinels } = this;
    const details = { REDIS_SENTINEL_NAME, REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD };
    if (REDIS_SENTINELS === undefined) {
      return namesOf({ ...details, REDIS_SENTINEL_TLS: this.REDIS_SENTINEL_TLS }).map(
        (name) => `${name} is set, but REDIS_SENTINELS isn't`,
      );
    }
    return [
      ...(sentinels?.length === REDIS_SENTINELS.length ? [] : ['REDIS_SENTINELS must be host:port,host:port']),
      ...(REDIS_SENTINEL_NAME === undefined ? ['REDIS_SENTINEL_NAME must say which master of REDIS_SENTINELS'] : []),
      ...together('REDIS_SENTINELS', { REDIS_HOST: this.REDIS_HOST, REDIS_CLUSTER: this.REDIS_CLUSTER || undefined }),
    ];
  }

  private problemsOfCluster(): string[] {
    const hasDatabase = this.REDIS_CLUSTER && (this.url?.db ?? this.REDIS_DB) !== 0;
    const variable = this.url === null ? 'REDIS_DB' : "REDIS_URL's database";
    return hasDatabase ? [`${variable} must be 0 with REDIS_CLUSTER: a cluster has no other`] : [];
  }

  private problemsOfTls(): string[] {
    const { REDIS_TLS_CA, REDIS_TLS_SERVERNAME } = this;
    const isUsed = this.server.tls || this.REDIS_SENTINEL_TLS === true;
    const isCaUsed = isUsed || this.ownParts.some((part) => this[VARIABLE_OF[part]]?.startsWith('rediss:'));
    const unused = [
      ...(isCaUsed ? [] : namesOf({ REDIS_TLS_CA })),
      ...(isUsed ? [] : namesOf({ REDIS_TLS_SERVERNAME })),
    ];
    return [...unused.map((name) => `${name} is set, but TLS isn't: REDIS_TLS`), ...this.problemsOfAuthority()];
  }

  private problemsOfAuthority(): string[] {
    try {
      const isPem = this.certificateAuthority?.includes('-----BEGIN CERTIFICATE-----') ?? true;
      return isPem ? [] : ['REDIS_TLS_CA holds no certificate in PEM'];
    } catch (error) {
      return [`REDIS_TLS_CA names a file that can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`];
    }
  }
}

/** @returns the names whose value is set */
const namesOf = (values: Record<string, unknown>): string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name]));

const together = (name: string, others: Record<string, unknown>): string[] =>
  namesOf(others).map((other) => `${name} and ${other} are both set, and say the same thing in two ways`);
