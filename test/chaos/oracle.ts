import pg from 'pg';
import type { AcceptedSend } from './clients.js';
import { brokenEdits, type ShownRoom, type StoredMessage } from './edit-law.js';
import { type Freeze, mostAtOnce, type ReplyLife } from './fairness.js';
import { brokenFiles, type KnownFiles, orphans } from './file-laws.js';
import { DEFAULT_MODEL } from './plans.js';
import type { SeenCall } from './seen-calls.js';
import { storedFiles } from './stored-files.js';
import { brokenUsage, type LedgerSums, type StoredSums } from './usage-law.js';

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
  /** A user had more replies written at a moment than the plan allows. */
  unfair: string[];
  /** The messages of a user waited for those of another. */
  starved: string[];
  /** The ledger of model calls differs from the calls that were made. */
  usage: string[];
  /** The lists, or the positions of messages, differ from what sends and edits have led to. */
  edits: string[];
  /** A message lacks a file or has another one, or a file can't be read as it was uploaded. */
  files: string[];
  /** Left of files that no message has, once the sweep has been there. */
  orphans: string[];
}

/** A user as the oracle knows one. */
export interface Watched {
  userId: string;
  /** The name of the client, which is in all its messages. */
  name: string;
  /** How many replies may be written at once. */
  limit: number;
  /** No bound of time holds for one who sends more than can be answered. */
  isHeavy: boolean;
}

/** What the run knows and the tables don't. */
export interface Evidence {
  /** The messages that the API has accepted. */
  accepted: readonly AcceptedSend[];
  /** All generating calls that the sandbox has received. */
  calls: SeenCall[];
  freezes: Freeze[];
  /** Questions of which the client doesn't know whether they were replaced. */
  unsure: ReadonlySet<string>;
  /** What the lists show at the end. */
  shown: ShownRoom[];
  files: Omit<KnownFiles, 'accepted'>;
}

/**
 * How long a user with something to be answered may have to wait while everything fails, where the model is well. Behind
 * all messages of the heavy user it would take minutes.
 */
const STARVED_AFTER_MS = 45_000;

interface Outcome {
  id: string;
  status: string;
  completed_at: Date;
  digest: string;
}

type SumsRow = Pick<LedgerSums, 'model' | 'purpose'> & LedgerSums['use'] & { user_id: string | null };
type LedgerRow = SumsRow & Pick<LedgerSums, 'calls' | 'estimated'>;
type StoredRow = SumsRow & Pick<StoredSums, 'begun' | 'told'>;

const OUTCOMES = `
  SELECT id, status, completed_at, md5(content) AS digest FROM every_message
  WHERE role = 'bot' AND status NOT IN ('queued', 'generating') AND completed_at >= $1`;

/**
 * An observer that knows nothing of the product but its tables. It reads PostgreSQL past the proxies, records each final
 * outcome when it first sees it, and compares them with the tables at the end.
 */
export class Oracle {
  private readonly outcomes = new Map<string, Outcome>();
  private readonly changed = new Set<string>();
  private readonly unfair = new Set<string>();
  private readonly unlisted = new Set<string>();
  /** The longest time in which a user who isn't heavy had something to be answered, and nothing of it was. */
  longestWaitMs = 0;
  private watching = true;
  private readonly watcher: Promise<void>;

  /** @param users all that send messages */
  constructor(
    private readonly url: () => string,
    private readonly users: readonly Watched[],
  ) {
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

  async judge({ accepted, calls, freezes, unsure, shown, files }: Evidence): Promise<Verdict> {
    await this.stop();
    await this.record(new Date(0));
    const edits = accepted.flatMap(({ messageId, replaces }) => (replaces === null ? [] : [{ messageId, replaces }]));
    const stored = await storedFiles((text) => this.query(text));
    return {
      lost: await this.lost(accepted),
      doubled: [...(await this.doubled()), ...[...this.changed].map((id) => `${id} changed after it was final`)],
      disordered: await this.disordered(),
      wrong: await this.wrong(),
      inconsistent: [...(await this.inconsistent()), ...(await this.paused()), ...this.unlisted],
      ledger: await this.ledger(),
      unfair: [...this.unfair, ...this.overLimit(calls, await this.lives(), freezes)],
      starved: await this.starved(),
      usage: brokenUsage(await this.recorded(), await this.stored(), calls),
      edits: brokenEdits(await this.messages(), { accepted: edits, unsure, shown }),
      files: brokenFiles(stored, { ...files, accepted }),
      orphans: orphans(stored),
    };
  }

  private async lost(accepted: readonly AcceptedSend[]): Promise<string[]> {
    const rows = await this.query<{ id: string; content: string | null; status: string }>(
      `SELECT reply.id, question.content, reply.status FROM every_message reply
       JOIN every_message question ON question.id = reply.reply_to WHERE reply.role = 'bot'`,
    );
    const stored = new Map(rows.map((row) => [row.id, row]));
    return accepted.flatMap(({ replyId, content }) => {
      const row = stored.get(replyId);
      if (row === undefined) return [`${replyId} is missing`];
      if (row.content !== content) return [`${replyId} belongs to another message`];
      return this.outcomes.has(replyId) ? [] : [`${replyId} is still ${row.status}`];
    });
  }

  private messages(): Promise<StoredMessage[]> {
    return this.query<StoredMessage>(
      `SELECT message.id, chatroom_id AS "roomId", seq, reply_to AS "replyTo", superseded, last_seq AS "lastSeq"
       FROM message JOIN chatroom room ON room.id = chatroom_id`,
    );
  }

  /** Each message's text is unique, and each question in the lists shows exactly one reply, others none. */
  private async doubled(): Promise<string[]> {
    const rows = await this.query<{ what: string }>(
      `SELECT 'stored more than once: ' || content AS what FROM message WHERE role = 'user'
       GROUP BY chatroom_id, content HAVING count(*) > 1
       UNION ALL
       SELECT 'shows ' || count(reply.id) || ' replies: ' || question.id FROM message question
       LEFT JOIN message reply ON reply.reply_to = question.id AND NOT reply.superseded
       WHERE question.role = 'user' GROUP BY question.id, question.superseded HAVING count(reply.id) <> CASE WHEN question.superseded THEN 0 ELSE 1 END`,
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
         SELECT reply.user_id, reply.quota_day AS day, count(*)::int AS cost
         FROM every_message reply
         WHERE reply.role = 'bot' AND reply.quota_day IS NOT NULL AND (reply.completed_at IS NULL OR reply.content ~ '[^[:space:]]' AND COALESCE(
           reply.error_code NOT IN ('model_unavailable', 'model_rate_limited', 'model_misconfigured'), true))
         GROUP BY reply.user_id, reply.quota_day)
       SELECT COALESCE(cost.user_id, ledger.user_id) AS user_id, COALESCE(used, 0) AS used, COALESCE(cost, 0) AS cost
       FROM daily_usage ledger FULL JOIN cost USING (user_id, day) WHERE COALESCE(used, 0) <> COALESCE(cost, 0)`,
    );
    return rows.map(({ user_id, used, cost }) => `${user_id} paid ${used} for ${cost}`);
  }

  /** How many models are paused. */
  async pauses(): Promise<number> {
    return (await this.paused()).length;
  }

  private async paused(): Promise<string[]> {
    const rows = await this.query<{ model: string }>('SELECT model FROM model_pause');
    return rows.map(({ model }) => `${model} is still paused`);
  }

  private overLimit(calls: SeenCall[], lives: ReplyLife[], freezes: Freeze[]): string[] {
    const most = mostAtOnce(calls, lives, freezes);
    return this.users
      .filter(({ name, limit }) => (most.get(name) ?? 0) > limit)
      .map(({ name, limit }) => `${name} had ${most.get(name)} calls at once instead of ${limit}`);
  }

  private async lives(): Promise<ReplyLife[]> {
    const rows = await this.query<{ prompt: string; from: Date; to: Date | null }>(
      `SELECT question.content AS prompt, reply.created_at AS "from", reply.completed_at AS "to" FROM every_message reply
       JOIN every_message question ON question.id = reply.reply_to WHERE reply.role = 'bot'`,
    );
    return rows.map(({ prompt, from, to }) => ({ prompt, from: from.getTime(), to: to?.getTime() ?? Infinity }));
  }

  /**
   * How long users with something to be answered went without an end of any of their replies. Their own backlog doesn't
   * count: in times of failure some send more than can be answered.
   */
  private async starved(): Promise<string[]> {
    const light = this.users.filter(({ isHeavy }) => !isHeavy).map(({ userId }) => userId);
    const rows = await this.query<{ id: string; waited: number }>(
      `SELECT id, extract(epoch FROM completed_at - GREATEST(created, before))::float * 1000 AS waited FROM (
         SELECT id, completed_at, lag(completed_at) OVER ends AS before,
                min(created_at) OVER (ends ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS created
         FROM every_message WHERE role = 'bot' AND status NOT IN ('queued', 'generating', 'cancelled')
           AND user_id = ANY($1) AND asked_model = $2
         WINDOW ends AS (PARTITION BY user_id ORDER BY completed_at)
       ) reply ORDER BY waited DESC`,
      [light, DEFAULT_MODEL],
    );
    this.longestWaitMs = rows[0]?.waited ?? 0;
    return rows
      .filter(({ waited }) => waited > STARVED_AFTER_MS)
      .map(({ id, waited }) => `${id} was the first to end in ${waited} ms`);
  }

  /** The ledger, where the calls that are under way count as the estimates that they become when they are swept. */
  private async recorded(): Promise<LedgerSums[]> {
    const rows = await this.query<LedgerRow>(
      `SELECT user_id, model, purpose, sum(calls)::int AS calls, sum(estimated_calls)::int AS estimated,
              sum(prompt_tokens)::int AS prompt, sum(cached_tokens)::int AS cached, sum(thought_tokens)::int AS thought,
              sum(reply_tokens)::int AS reply, sum(searches)::int AS searches
       FROM (SELECT user_id, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens, searches
             FROM model_usage
             UNION ALL
             SELECT NULL, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens, searches
             FROM erased_model_usage
             UNION ALL
             SELECT user_id, model, purpose, 1, 1, prompt_tokens, 0, 0, 0, 0 FROM model_call) call
       GROUP BY user_id, model, purpose`,
    );
    return rows.map(({ calls, estimated, ...row }) => ({ ...this.sums(row), calls, estimated }));
  }

  private async stored(): Promise<StoredSums[]> {
    const rows = await this.query<StoredRow>(
      `SELECT user_id, asked_model AS model, 'reply' AS purpose, sum(attempt)::int AS begun, count(prompt_tokens)::int AS told,
              COALESCE(sum(prompt_tokens), 0)::int AS prompt, COALESCE(sum(cached_tokens), 0)::int AS cached,
              COALESCE(sum(thought_tokens), 0)::int AS thought, COALESCE(sum(reply_tokens), 0)::int AS reply,
              COALESCE(sum(jsonb_array_length(grounding -> 'searchQueries')), 0)::int AS searches
       FROM every_message WHERE asked_model IS NOT NULL GROUP BY user_id, asked_model
       UNION ALL
       SELECT user_id, $1, 'title', count(*)::int, 0, 0, 0, 0, 0, 0 FROM every_message
       WHERE role = 'bot' AND status = 'completed' GROUP BY user_id`,
      [DEFAULT_MODEL],
    );
    return rows.map(({ begun, told, ...row }) => ({ ...this.sums(row), begun, told }));
  }

  private sums({
    user_id: id,
    model,
    purpose,
    ...use
  }: SumsRow): Pick<LedgerSums, 'client' | 'model' | 'purpose' | 'use'> {
    const client = id === null ? null : (this.users.find(({ userId }) => userId === id)?.name ?? id);
    return { client, model, purpose, use };
  }

  private async watch(): Promise<void> {
    while (this.watching) {
      await this.record(new Date(Date.now() - 15_000)).catch(() => undefined);
      await this.recordRunning().catch(() => undefined);
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

  /** Each reply that is being written holds one of its user's places, at every moment. */
  private async recordRunning(): Promise<void> {
    const rows = await this.query<{ user_id: string; running: number; unlisted: string[] }>(
      `SELECT reply.user_id, count(*)::int AS running,
              COALESCE(array_agg(reply.id) FILTER (WHERE NOT reply.id = ANY (COALESCE(known.running, '{}'))), '{}') AS unlisted
       FROM message reply LEFT JOIN reply_concurrency known ON known.user_id = reply.user_id
       WHERE reply.completed_at IS NULL AND reply.status = 'generating' GROUP BY reply.user_id`,
    );
    for (const { user_id: id, running, unlisted } of rows) {
      const user = this.users.find(({ userId }) => userId === id);
      if (user !== undefined && running > user.limit)
        this.unfair.add(`${user.name} had ${running} replies written at once instead of ${user.limit}`);
      for (const reply of unlisted) this.unlisted.add(`${reply} was written without holding a place`);
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
