import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** A reply as far as its cost depends on it. */
interface ReplyRow {
  user_id: string;
  status: string;
  content: string;
  error_code: string | null;
}

/** What was asked for has a day whose quota it is charged to. Copies in a fork have none. */
const ASKED_FOR = "role = 'bot' AND quota_day IS NOT NULL";

/** A trigger that keeps of each deleted reply what its cost follows from, in a table that the product's role may not write. */
const WITNESS = `
  CREATE TABLE deleted_reply (user_id uuid, status text, content text, error_code text);
  CREATE FUNCTION witness_deletion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO deleted_reply VALUES (OLD.user_id, OLD.status, OLD.content, OLD.error_code);
      RETURN NULL;
    END $$;
  CREATE TRIGGER witness AFTER DELETE ON message FOR EACH ROW WHEN (OLD.role = 'bot' AND OLD.quota_day IS NOT NULL) EXECUTE FUNCTION witness_deletion();`;

const REPLIES = `
  SELECT user_id, status::text, content, error_code FROM message
  WHERE ${ASKED_FOR} AND user_id = ANY($1::uuid[])
  UNION ALL
  SELECT user_id, status, content, error_code FROM deleted_reply WHERE user_id = ANY($1::uuid[])`;

const OTHERS_FAULTS = new Set(['model_unavailable', 'model_rate_limited', 'model_misconfigured']);
const isUnfinished = ({ status }: ReplyRow): boolean => status === 'queued' || status === 'generating';

/** Whether the reply costs its message. An unfinished one is paid for in advance. */
const costs = (reply: ReplyRow): boolean =>
  isUnfinished(reply) || (reply.content.trim() !== '' && !OTHERS_FAULTS.has(reply.error_code ?? ''));

/** What replies cost by the law of the quota, told by PostgreSQL's rows alone. Knows nothing of the product but two tables. */
export class QuotaOracle {
  /** What was wrong at any moment. */
  readonly violations = new Set<string>();
  private readonly people = new Map<string, string[]>();
  private watching = true;
  private readonly watcher: Promise<void>;

  private constructor(
    private readonly pool: pg.Pool,
    private readonly limit: number,
  ) {
    this.watcher = this.watch();
  }

  /** @param limit what a person may spend */
  static async start(databaseUrl: string, limit: number): Promise<QuotaOracle> {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    await pool.query(WITNESS);
    return new QuotaOracle(pool, limit);
  }

  /** From now on the account counts as this person's. */
  knows(phone: string, userId: string): void {
    this.people.set(phone, [...(this.people.get(phone) ?? []), userId]);
  }

  /** What all replies of the person's accounts cost together. */
  async costOf(phone: string): Promise<number> {
    return (await this.replies(this.people.get(phone) ?? [])).filter(costs).length;
  }

  /** The replies that have no final state yet, with what they wait for. */
  async unfinished(): Promise<object[]> {
    const { rows } = await this.pool.query<object>(
      `SELECT reply.id, reply.user_id, reply.status, reply.attempt, reply.failures, reply.last_failure, reply.due_at - now() AS due_in,
         reply.deadline_at - now() AS deadline_in, reply.next_enqueue_at - now() AS next_enqueue_in, question.content
       FROM message reply JOIN message question ON question.id = reply.reply_to WHERE reply.completed_at IS NULL`,
    );
    return rows;
  }

  async stop(): Promise<void> {
    this.watching = false;
    await this.watcher;
    await this.pool.end();
  }

  private async replies(userIds: string[]): Promise<ReplyRow[]> {
    return (await this.pool.query<ReplyRow>(REPLIES, [userIds])).rows;
  }

  /** No ledger row, no person's replies together and no row of a deleted account ever exceed the limit. */
  private async watch(): Promise<void> {
    while (this.watching) {
      const { rows } = await this.pool.query<{ used: number }>(
        'SELECT used FROM daily_usage UNION ALL SELECT used FROM erased_daily_usage',
      );
      for (const { used } of rows) if (used > this.limit || used < 0) this.violations.add(`The ledger says ${used}`);
      for (const userIds of this.people.values()) {
        const cost = (await this.replies(userIds)).filter(costs).length;
        if (cost > this.limit) this.violations.add(`A person has spent ${cost}`);
      }
      const deleted = await this.pool.query<ReplyRow>(
        `SELECT * FROM deleted_reply WHERE status IN ('queued', 'generating')`,
      );
      if (deleted.rows.length > 0) this.violations.add('A reply was deleted before it had an outcome');
      await pause(20);
    }
  }
}
