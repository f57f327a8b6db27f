import { Injectable } from '@nestjs/common';
import { Gauge, Histogram } from 'prom-client';
import { Metrics } from '../metrics/metrics.registry.js';
import { Database } from './database.client.js';

/** How the process's pool of connections to PostgreSQL is used. */
@Injectable()
export class DatabaseMetrics {
  constructor(metrics: Metrics, { pool }: Database) {
    const registers = [metrics];
    new Gauge({
      name: 'database_pool_connections',
      help: "This process's connections to PostgreSQL: idle, busy, and free (not opened so far). Their sum is DATABASE_POOL_SIZE.",
      labelNames: ['state'],
      registers,
      collect() {
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
        this.set({ state: 'free' }, pool.options.max - pool.totalCount);
      },
    });
    new Gauge({
      name: 'database_pool_waiting',
      help: 'Statements and transactions that wait for a connection now, since all are busy.',
      registers,
      collect() {
        this.set(pool.waitingCount);
      },
    });
    const wait = new Histogram({
      name: 'database_pool_wait_seconds',
      help: 'Time until a statement or transaction got a connection, or none (5 s). Opening a new one is a part of it.',
      buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5],
      registers,
    });
    pool.onWaitEnd = (seconds) => wait.observe(seconds);
  }
}
