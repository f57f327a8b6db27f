import { Metrics } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Rating } from '../messages/message.row.js';

/** Stands for models that the catalogue doesn't have, so that the label's values are few. */
const OTHER_MODEL = 'other';

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
    const known = model === null ? null : this.catalogue.model(model);
    this.ratings.inc({ model: known?.name ?? OTHER_MODEL, rating: rating ?? 'none' });
  }
}
