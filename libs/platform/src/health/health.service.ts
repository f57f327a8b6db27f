import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.client.js';
import { RedisClient } from '../redis/redis.client.js';
import { withTimeout } from '../timeout/with-timeout.js';

/** How long a dependency may take to answer before it counts as down. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Whether the process can serve, and how each thing that it depends on is. */
export interface Readiness {
  /** `degraded`: Redis is down, but what PostgreSQL accepts is safe. The last two mean: send no traffic. */
  status: 'ok' | 'degraded' | 'unavailable' | 'shutting_down';
  checks: { postgresql: 'up' | 'down'; redis: 'up' | 'down' };
}

/** Whether a state means that traffic is welcome. */
export const isReady = (status: Readiness['status']): status is 'ok' | 'degraded' =>
  status === 'ok' || status === 'degraded';

/** What the process says about itself to whoever routes traffic to it. */
@Injectable()
export class HealthService {
  private shuttingDown = false;
  private asking: Promise<Readiness> | undefined;

  constructor(
    private readonly database: Database,
    private readonly redis: RedisClient,
  ) {}

  /** Asks PostgreSQL and Redis, once for all who ask at the same time. Never throws, and takes two seconds at most. */
  readiness(): Promise<Readiness> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** From now on the process wants no new traffic. */
  beginShutdown(): void {
    this.shuttingDown = true;
  }

  private async ask(): Promise<Readiness> {
    const [postgresql, redis] = await Promise.all([
      answers(() => this.database.pool.query('SELECT 1')),
      answers(() => this.redis.ping()),
    ]);
    return {
      status: this.statusOf(postgresql, redis),
      checks: { postgresql: postgresql ? 'up' : 'down', redis: redis ? 'up' : 'down' },
    };
  }

  private statusOf(postgresql: boolean, redis: boolean): Readiness['status'] {
    if (this.shuttingDown) return 'shutting_down';
    if (!postgresql) return 'unavailable';
    return redis ? 'ok' : 'degraded';
  }
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  const asked = ask().then(
    () => true,
    () => false,
  );
  return withTimeout(ANSWER_TIMEOUT_MS, asked, () => false);
}
