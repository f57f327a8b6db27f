import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';

/**
 * Why a model is not called for a while: it is over its rate limit, or down. Also the error of a reply whose deadline
 * passes meanwhile.
 */
export type ModelPauseReason = 'model_rate_limited' | 'model_unavailable';

/** How long a model is not called. */
export interface PauseLength {
  /** What the vendor asked for, in milliseconds: nothing makes it shorter. */
  floorMs: number;
  /** The first pause when the vendor asked for nothing; it doubles with each that follows without a success between. */
  baseMs: number;
  /** Where doubling ends. */
  maxMs: number;
}

const ms = (expression: string): string => `(${expression}) * interval '1 ms'`;

/** What the vendor asked for, else a pause that grows, spread by up to a quarter so that workers don't come back in step. */
const length = (pauses: string): string =>
  ms(`CASE WHEN $3::int > 0 THEN $3::int
           ELSE LEAST($4::int * 2.0 ^ (${pauses} - 1), $5::int) * (1 + random() / 4) END`);

/**
 * A failure of a call that began before the pause belongs to this pause, and can only make it longer; one after its end
 * begins the next.
 */
const BEGIN = prepared<{ remainingMs: number }>(
  'model_pause_begin',
  `
    INSERT INTO model_pause AS known (model, failure, resume_at) VALUES ($1, $2, now() + ${length('1')})
    ON CONFLICT (model) DO UPDATE SET
      failure = EXCLUDED.failure,
      resume_at = CASE WHEN known.resume_at <= now() THEN now() + ${length('known.pauses + 1')}
                       ELSE GREATEST(known.resume_at, now() + ${ms('$3::int')}) END,
      pauses = CASE WHEN known.resume_at <= now() THEN known.pauses + 1 ELSE known.pauses END,
      deferred = CASE WHEN known.resume_at <= now() THEN 0 ELSE known.deferred END,
      probe_until = CASE WHEN known.resume_at <= now() THEN NULL ELSE known.probe_until END
    RETURNING ceil(extract(epoch FROM resume_at - now()) * 1000)::int AS "remainingMs"`,
);

const END = prepared<{ model: string }>(
  'model_pause_end',
  'DELETE FROM model_pause WHERE model = $1 AND resume_at <= now() RETURNING model',
);

const READ = prepared<{ isPaused: boolean }>(
  'model_pause_read',
  `SELECT true AS "isPaused" FROM model_pause WHERE model = $1`,
);

const LIST = prepared<{ model: string }>('model_pause_list', 'SELECT model FROM model_pause');

/** Which models are not to be called now, for all workers together. The claim of a reply reads it, too. */
@Injectable()
export class ModelPauseStore {
  constructor(private readonly database: Database) {}

  /**
   * Lets no worker call the model for a while, and then one reply at first.
   *
   * @returns the milliseconds until a reply may try it again
   */
  async begin(model: string, reason: ModelPauseReason, { floorMs, baseMs, maxMs }: PauseLength): Promise<number> {
    const [row] = await this.database.run(BEGIN, [model, reason, Math.ceil(floorMs), baseMs, maxMs]);
    return row?.remainingMs ?? 0;
  }

  /**
   * The model works again. A pause that began after the call which has answered goes on.
   *
   * @returns whether it is paused no more by this
   */
  async end(model: string): Promise<boolean> {
    return (await this.database.run(END, [model])).length > 0;
  }

  /** All models that are paused, or only tried again by one reply. */
  async paused(): Promise<string[]> {
    return (await this.database.run(LIST, [])).map(({ model }) => model);
  }

  /** Whether the model is paused, or only tried again by one reply. */
  async isPaused(model: string): Promise<boolean> {
    return (await this.database.run(READ, [model])).length > 0;
  }
}
