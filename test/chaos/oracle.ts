import pg from 'pg';
import type { AcceptedSend } from './clients.js';

/** The violations that were found, by kind; all are empty when every guarantee was kept. */
export interface Verdict {
  /** Accepted, and missing or without an outcome. */
  lost: string[];
  /** Accepted once, stored or answered more than once; or an outcome that changed after it was final. */
  doubled: string[];
  /** Answered before an earlier message of its room. */
  disordered: string[];
  /** The answer belongs to another question, or contradicts its status. */
  wrong: string[];
  /** Finished, but still to be enqueued; or unfinished, but never to be enqueued again. */
  inconsistent: string[];
  /** The quota ledger differs from what the messages cost. */
  ledger: string[];
}

interface Outcome {
  id: string;
  status: string;
  completed_at: Date;
  digest: string;
}

const OUTCOMES = `
  SELECT id, status, completed_at, md5(content) AS digest FROM message
  WHERE role = 'bot' AND status NOT IN ('queued', 'generating') AND completed_at >= $1`;

/**
 * An observer that knows nothing of the product but its tables. It reads PostgreSQL past the proxies, records each final
 * outcome when it first sees it, and compares them with the tables at the end.
 */
export class Oracle {
  private readonly outcomes = new Map<string, Outcome>();
  private readonly changed = new Set<string>();
  private watching = true;
  private readonly watcher: Promise<void>;

  constructor(private readonly url: () => string) {
    this.watcher = this.watch();
  }

  /** How many replies have no outcome yet. */
  async unfinished(): Promise<number> {
    const [row] = await this.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM message WHERE status IN ('queued', 'generating')`,
    );
    return row?.count ?? 0;
  }

  /** Ends the observation. */
  async stop(): Promise<void> {
    this.watching = false;
    await this.watcher;
  }

  /** @param accepted the messages that the API has accepted */
  async judge(accepted: readonly AcceptedSend[]): Promise<Verdict> {
    await this.stop();
    await this.record(new Date(0));
    return {
      lost: await this.lost(accepted),
      doubled: [...(await this.doubled()), ...[...this.changed].map((id) => `${id} changed after it was final`)],
      disordered: await this.disordered(),
      wrong: await this.wrong(),
      inconsistent: await this.inconsistent(),
      ledger: await this.ledger(),
    };
  }

  private async lost(accepted: readonly AcceptedSend[]): Promise<string[]> {
    const rows = await this.query<{ id: string; content: string | null; status: string }>(
      `SELECT reply.id, question.content, reply.status FROM message reply
       JOIN message question ON question.id = reply.reply_to WHERE reply.role = 'bot'`,
    );
    const stored = new Map(rows.map((row) => [row.id, row]));
    return accepted.flatMap(({ replyId, content }) => {
      const row = stored.get(replyId);
      if (row === undefined) return [`${replyId} is missing`];
      if (row.content !== content) return [`${replyId} belongs to another message`];
      return this.outcomes.has(replyId) ? [] : [`${replyId} is still ${row.status}`];
    });
  }

  /** Each message's text is unique, and each question shows exactly one reply. */
  private async doubled(): Promise<string[]> {
    const rows = await this.query<{ what: string }>(
      `SELECT 'stored more than once: ' || content AS what FROM message WHERE role = 'user'
       GROUP BY chatroom_id, content HAVING count(*) > 1
       UNION ALL
       SELECT 'shows ' || count(reply.id) || ' replies: ' || question.id FROM message question
       LEFT JOIN message reply ON reply.reply_to = question.id AND NOT reply.superseded
       WHERE question.role = 'user' GROUP BY question.id HAVING count(reply.id) <> 1`,
    );
    return rows.map(({ what }) => what);
  }

  private async disordered(): Promise<string[]> {
    const rows = await this.query<{ id: string }>(
      `SELECT id FROM (
         SELECT id, completed_at, status, lag(completed_at) OVER (PARTITION BY chatroom_id ORDER BY seq) AS before
         FROM message WHERE role = 'bot' AND status <> 'cancelled') replies
       WHERE completed_at < before`,
    );
    return rows.map(({ id }) => `${id} was finished before the reply ahead of it`);
  }

  /** The sandbox's answer quotes its question; everything else carries an error, or was cancelled. */
  private async wrong(): Promise<string[]> {
    const rows = await this.query<{ id: string; status: string }>(
      `SELECT reply.id, reply.status FROM message reply JOIN message question ON question.id = reply.reply_to
       WHERE reply.role = 'bot' AND NOT CASE reply.status::text
         WHEN 'completed' THEN position('You said: "' || question.content || '"' IN reply.content) > 0
                               AND reply.error_code IS NULL
         WHEN 'cancelled' THEN reply.error_code IS NULL
         ELSE reply.error_code IS NOT NULL END`,
    );
    return rows.map(({ id, status }) => `${id} (${status})`);
  }

  /** The sweep finds a reply by `next_enqueue_at`: exactly the replies without an outcome have one. */
  private async inconsistent(): Promise<string[]> {
    const rows = await this.query<{ id: string; status: string }>(
      `SELECT id, status FROM message
       WHERE role = 'bot' AND CASE WHEN status IN ('queued', 'generating')
         THEN next_enqueue_at IS NULL OR completed_at IS NOT NULL
         ELSE next_enqueue_at IS NOT NULL OR completed_at IS NULL END`,
    );
    return rows.map(({ id, status }) => `${id} (${status})`);
  }

  private async ledger(): Promise<string[]> {
    const rows = await this.query<{ user_id: string; used: number; cost: number }>(
      `WITH cost AS (
         SELECT room.user_id, reply.quota_day AS day, count(*)::int AS cost
         FROM message reply JOIN chatroom room ON room.id = reply.chatroom_id
         WHERE reply.role = 'bot' AND (reply.completed_at IS NULL OR reply.content ~ '[^[:space:]]' AND COALESCE(
           reply.error_code NOT IN ('model_unavailable', 'model_rate_limited', 'model_misconfigured'), true))
         GROUP BY room.user_id, reply.quota_day)
       SELECT COALESCE(cost.user_id, ledger.user_id) AS user_id, COALESCE(used, 0) AS used, COALESCE(cost, 0) AS cost
       FROM daily_usage ledger FULL JOIN cost USING (user_id, day) WHERE COALESCE(used, 0) <> COALESCE(cost, 0)`,
    );
    return rows.map(({ user_id, used, cost }) => `${user_id} paid ${used} for ${cost}`);
  }

  private async watch(): Promise<void> {
    while (this.watching) {
      await this.record(new Date(Date.now() - 15_000)).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private async record(since: Date): Promise<void> {
    for (const outcome of await this.query<Outcome>(OUTCOMES, [since])) {
      const before = this.outcomes.get(outcome.id);
      if (before === undefined) this.outcomes.set(outcome.id, outcome);
      else if (fingerprint(before) !== fingerprint(outcome)) this.changed.add(outcome.id);
    }
  }

  private async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({
      connectionString: this.url(),
      connectionTimeoutMillis: 2_000,
      query_timeout: 20_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }
}

const fingerprint = ({ status, completed_at, digest }: Outcome): string =>
  `${status} ${completed_at.toISOString()} ${digest}`;
