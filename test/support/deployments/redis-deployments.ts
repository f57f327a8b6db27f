import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { freePort } from '../../../scripts/services/ports.mjs';
import { type ManagedProcess, Processes } from '../../../scripts/services/processes.mjs';
import { makeCertificates } from './certificates.js';
import { eventually } from '../eventually.js';

/** How a process of the product reaches a Redis: the variables of RedisConfig. */
export type RedisEnvironment = Record<string, string>;

/** One running server. */
export interface RedisServer {
  port: number;
  process: ManagedProcess;
  /** How its administrator reaches it. */
  reach: RedisOptions;
}

/** Servers that belong together. */
export interface RedisDeployment {
  env: RedisEnvironment;
  /** Of a master and its replica the master is the first. */
  servers: RedisServer[];
}

const SLOTS = 16_384;

/** A Sentinel asks a master for its replicas every ten seconds. */
const SLOW_MACHINE = { withinMs: 30_000 };

/** The rights of an ACL user that suffice, as operators are told. */
const ACL_RULES =
  /^user chat on .*$/m.exec(readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8'))?.[0] ?? '';

/** Redis servers as operators run them, each kind with settings of its own. To be stopped. */
export class RedisDeployments {
  private readonly processes = new Processes();
  private readonly password = randomUUID();

  private constructor(
    /** What a command line of a server begins with. */
    private readonly program: string[],
    private readonly folder: string,
  ) {
    this.processes.removeAtEnd(folder);
  }

  /** @param program the path of `redis-server` or `valkey-server`, or what else its command line begins with */
  static async create(...program: string[]): Promise<RedisDeployments> {
    return new RedisDeployments(program, await mkdtemp(join(tmpdir(), 'redis-')));
  }

  stop(): Promise<unknown> {
    return this.processes.stop();
  }

  /**
   * A server with a password, which is that of all servers here.
   *
   * @param settings of its own, as of a command line
   * @param port any that is free unless given
   */
  async single(settings: string[] = [], port?: number): Promise<RedisDeployment> {
    const server = await this.startWithPassword(settings, port);
    const REDIS_PORT = String(server.port);
    const env = { ...BLANK, REDIS_HOST: '127.0.0.1', REDIS_PORT, REDIS_PASSWORD: this.password };
    return { env, servers: [server] };
  }

  /**
   * A server that takes TLS alone, with a certificate by an authority of one's own, and a user with just the rights that the
   * product needs.
   */
  async managed(): Promise<RedisDeployment> {
    const port = await freePort();
    const { ca, cert, key } = await makeCertificates(join(this.folder, 'certificates'));
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca];
    const settings = ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no', '--requirepass', this.password];
    const server = await this.start(0, settings, { port, password: this.password, tls: { ca: readFileSync(ca) } });
    await onServer(server.reach, (redis) => this.addUser(redis));
    const REDIS_URL = `rediss://chat:${this.password}@localhost:${port}/3`;
    return { env: { ...BLANK, REDIS_URL, REDIS_TLS_CA: ca }, servers: [server] };
  }

  /** Three masters, with a user as {@link managed} has it. */
  async cluster(): Promise<RedisDeployment> {
    const servers = await Promise.all(
      [0, 1, 2].map(async (index) => {
        const bus = ['--cluster-port', String(await freePort())];
        const settings = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${index}.conf`, ...bus];
        return this.start(await freePort(), settings);
      }),
    );
    await formCluster(servers.map(({ port }) => port));
    for (const { reach } of servers) await onServer(reach, (redis) => this.addUser(redis));
    const REDIS_PORT = String(servers[0]?.port);
    return { env: { ...BLANK, REDIS_HOST: '127.0.0.1', REDIS_PORT, REDIS_CLUSTER: 'true', ...this.user }, servers };
  }

  /** A master and a replica, with passwords, and a Sentinel that has one of its own. */
  async sentinel(): Promise<RedisDeployment> {
    const master = await this.startWithPassword();
    const { password } = this;
    const settings = ['--replicaof', '127.0.0.1', String(master.port), '--masterauth', password];
    const replica = await this.startWithPassword(settings);
    await onServer(replica.reach, (redis) =>
      eventually(async () => (await redis.info('replication')).includes('master_link_status:up'), SLOW_MACHINE),
    );
    const sentinel = await this.startSentinel(master.port);
    await onServer({ port: sentinel, password }, (redis) =>
      eventually(
        async () => ((await redis.call('SENTINEL', 'REPLICAS', 'chat')) as unknown[]).length === 1,
        SLOW_MACHINE,
      ),
    );
    const env = { REDIS_SENTINELS: `127.0.0.1:${sentinel}`, REDIS_SENTINEL_NAME: 'chat' };
    const passwords = { REDIS_PASSWORD: password, REDIS_SENTINEL_PASSWORD: password };
    return { env: { ...BLANK, ...env, ...passwords }, servers: [master, replica] };
  }

  private get user(): RedisEnvironment {
    return { REDIS_USERNAME: 'chat', REDIS_PASSWORD: this.password };
  }

  private async addUser(redis: Redis): Promise<void> {
    const [, name = '', ...rules] = ACL_RULES.replace('>password', `>${this.password}`).split(' ');
    await redis.acl('SETUSER', name, ...rules);
  }

  private async startSentinel(master: number): Promise<number> {
    const port = await freePort();
    const file = join(this.folder, `sentinel-${port}.conf`);
    const lines = [
      `sentinel monitor chat 127.0.0.1 ${master} 1`,
      `sentinel auth-pass chat ${this.password}`,
      'sentinel down-after-milliseconds chat 500',
      'sentinel failover-timeout chat 5000',
    ];
    await writeFile(file, [`port ${port}`, `requirepass ${this.password}`, ...lines].join('\n'));
    const [command = '', ...first] = this.program;
    this.processes.start({ name: 'Sentinel', command, args: [...first, file, '--sentinel'] });
    return port;
  }

  private async startWithPassword(settings: string[] = [], chosen?: number): Promise<RedisServer> {
    const port = chosen ?? (await freePort());
    const own = ['--requirepass', this.password, '--masterauth', this.password, '--repl-diskless-sync-delay', '0'];
    return this.start(port, [...own, ...settings], { port, password: this.password });
  }

  /** @param port 0: none without TLS */
  private async start(port: number, settings: string[], reach: RedisOptions = { port }): Promise<RedisServer> {
    const dir = join(this.folder, randomUUID());
    await mkdir(dir);
    const [command = '', ...first] = this.program;
    const usual = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--maxmemory-policy'];
    const args = [...first, ...usual, 'noeviction', ...settings];
    const process = this.processes.start({ name: 'Redis', command, args, stopSignal: 'SIGKILL' });
    await onServer(reach, (redis) => redis.ping());
    return { port: reach.port ?? port, process, reach };
  }
}

/** Blank counts as not set. */
const BLANK = { REDIS_HOST: '', REDIS_PORT: '', REDIS_DB: '' };

/** Calls back with a connection, as soon as there is one. */
async function onServer(options: RedisOptions, use: (redis: Redis) => Promise<unknown>): Promise<void> {
  const persistent = { retryStrategy: () => 50, maxRetriesPerRequest: 200 };
  const redis = new Redis({ ...persistent, host: 'localhost', ...options });
  redis.on('error', () => undefined);
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** Deals the slots out to the nodes, and makes them known to each other. */
async function formCluster(ports: number[]): Promise<void> {
  const [first] = ports;
  const share = Math.ceil(SLOTS / ports.length);
  for (const [index, port] of ports.entries()) {
    await onServer({ port }, async (redis) => {
      const last = Math.min((index + 1) * share, SLOTS) - 1;
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last);
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      const [, bus] = /:\d+@(\d+)/.exec((await redis.cluster('NODES')) as string) ?? [];
      if (index === 0) return;
      await onServer({ port: first! }, (other) => other.call('CLUSTER', 'MEET', '127.0.0.1', port, bus!));
    });
  }
  const isReady = (info: string) => info.includes('cluster_state:ok') && info.includes(`size:${ports.length}`);
  for (const port of ports)
    await onServer({ port }, (redis) => eventually(async () => isReady(await redis.cluster('INFO')), SLOW_MACHINE));
}
