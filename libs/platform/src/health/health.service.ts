import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../metrics/metrics.registry.js';
import { Dependency, type DependencyOptions } from './dependency.js';

/** Whether the process can serve, and how each thing that it depends on is. */
export interface Readiness {
  /** `degraded`: something is down, but what PostgreSQL accepts is safe. The last two mean: send no traffic. */
  status: 'ok' | 'degraded' | 'unavailable' | 'shutting_down';
  checks: Record<string, 'up' | 'down'>;
}

/** The dependency without which a process serves nothing. */
const DECIDING = 'postgresql';

/** Whether a state means that traffic is welcome. */
export const isReady = (status: Readiness['status']): status is 'ok' | 'degraded' =>
  status === 'ok' || status === 'degraded';

/**
 * What the process says about itself to whoever routes traffic to it. What it depends on is probed in the background
 * (docs/adr/0032), so that an answer takes no time, whatever hangs.
 */
@Injectable()
export class HealthService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly dependencies = new Map<string, Dependency>();
  private shuttingDown = false;
  private started = false;

  constructor(metrics: Metrics) {
    const { dependencies } = this;
    new Gauge({
      name: 'dependency_up',
      help: 'Whether the last probes of a dependency succeeded: 1 or 0.',
      labelNames: ['dependency'],
      registers: [metrics],
      collect() {
        for (const { name, isUp } of dependencies.values()) this.set({ dependency: name }, isUp ? 1 : 0);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.started = true;
    for (const dependency of this.dependencies.values()) dependency.start();
  }

  onApplicationShutdown(): void {
    for (const dependency of this.dependencies.values()) dependency.stop();
  }

  /** Has a dependency probed from the process's start to its end. PostgreSQL alone decides whether the process is ready. */
  watch(options: DependencyOptions): Dependency {
    const dependency = new Dependency(options);
    this.dependencies.set(options.name, dependency);
    if (this.started) dependency.start();
    return dependency;
  }

  /** What the last probes said. Asks nothing. */
  readiness(): Readiness {
    const dependencies = [...this.dependencies.values()];
    const checks = dependencies.map(({ name, isUp }) => [name, isUp ? 'up' : 'down'] as const);
    return { status: this.status(dependencies), checks: Object.fromEntries(checks) };
  }

  /** From now on the process wants no new traffic. */
  beginShutdown(): void {
    this.shuttingDown = true;
  }

  private status(dependencies: Dependency[]): Readiness['status'] {
    if (this.shuttingDown) return 'shutting_down';
    if (this.dependencies.get(DECIDING)?.isUp !== true) return 'unavailable';
    return dependencies.every(({ isUp }) => isUp) ? 'ok' : 'degraded';
  }
}
