import type { Redis } from 'ioredis';
import type { RedisAddress } from './redis-address.js';

/** The nodes of a cluster, for a connection that may be to any of them. */
export class ClusterNodes {
  private others: RedisAddress[] = [];
  private index = 0;

  /** @param configured the nodes that are known beforehand, or a name that stands for those that are there */
  constructor(private readonly configured: RedisAddress[]) {}

  get current(): RedisAddress {
    const known = [...this.configured, ...this.others];
    return known[this.index % known.length]!;
  }

  /** Goes on to another node, since the current one may be away. */
  next(): RedisAddress {
    this.index++;
    return this.current;
  }

  /** Asks a node for all others. Never fails: the ones that are known remain. */
  async learnFrom(connection: Redis): Promise<void> {
    const slots = await connection.cluster('SLOTS').catch(() => []);
    const found = (slots as [number, number, ...[host: string | null, port: number][]][])
      .flatMap(([, , ...nodes]) => nodes)
      .flatMap(([host, port]) => (host === null || host === '' ? [] : [{ host, port }]));
    if (found.length > 0) this.others = found;
  }
}
