import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';

/** How often the daily quota refuses. What it pays back is counted where replies end. */
@Injectable()
export class QuotaMetrics {
  private readonly refusals: Counter<'plan'>;

  constructor(metrics: Metrics) {
    this.refusals = new Counter({
      name: 'quota_refusals_total',
      help: "Messages that were refused since their user's day was spent.",
      labelNames: ['plan'],
      registers: [metrics],
    });
  }

  /** @param plan of the catalogue */
  refused(plan: string): void {
    this.refusals.inc({ plan });
  }
}
