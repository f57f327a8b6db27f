import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { buildInfo } from '../process/build-info.js';
import type { SharedState } from './shared-state.registry.js';

/** Gauges that are named like counters. Those without `_total` tell the same by kind. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/**
 * The process's Prometheus registry. A feature makes its own counters with `registers: [metrics]`.
 * Labels come from small fixed sets; never a user, room, path or message. What processes share is a {@link SharedState}.
 */
@Injectable()
export class Metrics extends Registry {
  private readonly states: SharedState[] = [];

  constructor() {
    super();
    collectDefaultMetrics({ register: this });
    for (const name of MISNAMED) this.removeSingleMetric(name);
  }

  /** What processes share, as far as this one can read it. */
  get shared(): readonly SharedState[] {
    return this.states;
  }

  /** Adds something that processes share; it is exported while this process is the one that reads it. */
  share(state: SharedState): void {
    this.states.push(state);
  }

  /** Says which build of which process runs here. @param process `api` or `worker` */
  describeBuild(process: string): void {
    const { version, revision } = buildInfo();
    new Gauge({
      name: 'build_info',
      help: 'Which build of the product runs in this process, and on which Node; always 1.',
      labelNames: ['version', 'revision', 'process', 'node'],
      registers: [this],
    }).set({ version, revision, process, node: NODE_VERSION }, 1);
  }

  /** All that this process exports, as text. */
  override async metrics(): Promise<string> {
    const exported = [...this.states].filter(({ isExported }) => isExported);
    const texts = await Promise.all([super.metrics(), ...exported.map((state) => state.metrics())]);
    return texts.join('');
  }
}

const NODE_VERSION = process.versions.node;
