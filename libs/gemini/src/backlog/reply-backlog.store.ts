import { Database, prepared } from '@app/platform';
import { PlanCatalogue, planOfUserSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';

/**
 * What an unanswered reply waits for. `waiting`: a worker, also where the one that had it died. `behind`: another reply of its user, which
 * is being written. `deferred`: its model's pause, or its back-off. `generating`: it is being written.
 */
export const BACKLOG_STATES = ['waiting', 'behind', 'deferred', 'generating'] as const;

/** Unanswered replies of one plan and state. */
interface Backlog {
  plan: string;
  state: (typeof BACKLOG_STATES)[number];
  replies: number;
  /** Since the oldest of them was accepted. */
  oldestSeconds: number;
}

/** As many are read at most: those that have waited longest for the sweep. */
const MAX_REPLIES = 10_000;

/**
 * Bounded by the index of the sweep, which has unfinished replies alone, and by its limit. The plan is looked up for each user instead of
 * joined, so that PostgreSQL never reads all subscriptions for it.
 */
const READ = prepared<Backlog>(
  'reply_backlog_read',
  `
    WITH unanswered AS MATERIALIZED (
      SELECT user_id, status, created_at, due_at FROM message
      WHERE next_enqueue_at <= 'infinity' ORDER BY next_enqueue_at LIMIT ${MAX_REPLIES}
    ), owner AS MATERIALIZED (
      SELECT user_id, bool_or(status = 'generating' AND due_at > now()) AS is_served FROM unanswered GROUP BY user_id
    ), planned AS MATERIALIZED (
      SELECT user_id, is_served, (SELECT plan FROM ${planOfUserSql('owner.user_id', 'now()', '$1')}) AS plan FROM owner
    ), known AS (
      SELECT plan, created_at,
        CASE WHEN status = 'generating' AND due_at > now() THEN 'generating' WHEN due_at > now() THEN 'deferred'
             WHEN is_served THEN 'behind' ELSE 'waiting' END AS state
      FROM unanswered JOIN planned USING (user_id)
    )
    SELECT plan, state, count(*)::int AS replies,
      GREATEST(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
    FROM known GROUP BY plan, state`,
);

/** How many replies are unanswered, and for how long. */
@Injectable()
export class ReplyBacklogStore {
  constructor(
    private readonly database: Database,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** By plan and state; what there is none of is left out. Of more than {@link MAX_REPLIES} only so many are counted. */
  read(): Promise<Backlog[]> {
    return this.database.run(READ, [this.catalogue.sqlParameter]);
  }
}
