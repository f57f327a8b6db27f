import { Metrics } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Rating } from '../messages/message.row.js';

/** What people think of replies, by model. */
@Injectable()
export class FeedbackMetrics {
  private readonly ratings: Counter<'model' | 'rating'>;

  constructor(
    metrics: Metrics,
    private readonly catalogue: PlanCatalogue,
  ) {
    this.ratings = new Counter({
      name: 'reply_feedback_total',
      help: 'Ratings of replies that were given or changed; none: one that was taken back.',
      labelNames: ['model', 'rating'],
      registers: [metrics],
    });
  }

  /** @param model as it was asked for; null: none was */
  rated(model: string | null, rating: Rating | null): void {
    this.ratings.inc({ model: this.catalogue.labelOf(model), rating: rating ?? 'none' });
  }
}
