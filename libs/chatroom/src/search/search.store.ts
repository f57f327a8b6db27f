import { Database, DatabaseConfig, openPool, prepared } from '@app/platform';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { MESSAGE_COLUMNS, type MessageAddress, type MessageRow } from '../messages/message.row.js';
import { SearchUnavailableError } from './search.errors.js';

/** A message that a search looks at. */
interface SearchedMessage extends MessageAddress {
  /** Null where there is nothing to find: a variant that was replaced, a reply that isn't finished. */
  content: string | null;
  /** About how many bytes there are beside the content. */
  moreBytes: number;
}

/** What a search looks at in one call. */
export interface SearchedPart {
  /** Newest first. */
  messages: SearchedMessage[];
  /** Whether the user has older ones. */
  hasMore: boolean;
}

/**
 * The user's newest messages before one, until there are enough of them or of their bytes, which are known without reading a text.
 * The first one comes however long it is. `walked` counts one message more than comes at most: whether there are others.
 *
 * The user is a range of one, in the order of the index by user: by equality PostgreSQL may take the primary key for someone who
 * has many messages, and walk through all that others have written since.
 */
const READ = prepared<SearchedMessage & { walked: string }>(
  'message_search_read',
  `
    SELECT chatroom_id AS "chatroomId", id, content, more AS "moreBytes", walked FROM (
      SELECT chatroom_id, id, content, more, count(*) OVER () AS walked, row_number() OVER newest AS place,
        sum(octet_length(content)) OVER (newest ROWS UNBOUNDED PRECEDING) - octet_length(content) AS bytes_before
      FROM (
        SELECT chatroom_id, id, CASE WHEN superseded OR status IN ('queued', 'generating') THEN NULL ELSE content END AS content,
          COALESCE(octet_length(thoughts), 0) + COALESCE(pg_column_size(grounding), 0) + COALESCE(pg_column_size(files), 0) AS more
        FROM message WHERE (user_id, id) < ($1, $2) AND user_id >= $1 ORDER BY user_id DESC, id DESC LIMIT $3 + 1
      ) message
      WINDOW newest AS (ORDER BY id DESC)
    ) message
    WHERE place <= $3 AND coalesce(bytes_before, 0) < $4 ORDER BY id DESC`,
);

const FIND = prepared<MessageRow>(
  'message_search_find',
  `
    SELECT ${MESSAGE_COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[]) AS found (chatroom_id, id)
    JOIN message ON message.chatroom_id = found.chatroom_id AND message.id = found.id AND message.user_id = $3
    ORDER BY message.id DESC`,
);

/** Above every id. */
const NO_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const MAX_MESSAGES = 2_000;
const MAX_BYTES = 1_048_576;

/** Connections of this process for searches alone. */
const POOL_SIZE = 3;
/** Searches that may wait for one: they have their turn within a fraction of a second. */
const MAX_WAITING = 30;

const STATEMENT_TIMEOUT_MS = 1_500;

/** PostgreSQL's code: a statement took too long. */
const QUERY_CANCELED = '57014';

/**
 * Reads what searches look at. In a pool of its own, so that however many there are and however slow they are, no other request
 * waits for a connection.
 */
@Injectable()
export class SearchStore implements OnApplicationShutdown {
  private readonly logger = new Logger(SearchStore.name);
  private readonly pool: Pool;

  constructor(
    private readonly database: Database,
    config: DatabaseConfig,
  ) {
    this.pool = openPool(config, POOL_SIZE, (error) =>
      this.logger.warn(`An idle PostgreSQL connection for searches broke: ${error.message}`),
    );
  }

  /**
   * The user's messages, newest first: 2,000 or 1 MiB of text, whichever is less.
   *
   * @param before only messages older than this one
   * @throws SearchUnavailableError when it takes too long, or too many searches wait
   */
  async read(userId: string, before: string = NO_ID): Promise<SearchedPart> {
    const rows = await this.inTransaction(async (client) => {
      const values = [userId, before, MAX_MESSAGES, MAX_BYTES];
      return (await client.query<SearchedMessage & { walked: string }>(this.database.queryOf(READ, values))).rows;
    });
    return { messages: rows, hasMore: rows.length < Number(rows[0]?.walked ?? 0) };
  }

  /** Those of the user's messages that are still there, newest first. @throws SearchUnavailableError */
  async find(userId: string, messages: MessageAddress[]): Promise<MessageRow[]> {
    if (messages.length === 0) return [];
    const values = [messages.map(({ chatroomId }) => chatroomId), messages.map(({ id }) => id), userId];
    return this.inTransaction(
      async (client) => (await client.query<MessageRow>(this.database.queryOf(FIND, values))).rows,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.pool.ended) await this.pool.end();
  }

  /** With a short timeout that holds in this transaction alone: a connection's settings may be others' behind a pooler. */
  private async inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.pool.waitingCount >= MAX_WAITING) throw new SearchUnavailableError();
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      failure = error as Error;
      if (error instanceof DatabaseError && error.code === QUERY_CANCELED) {
        throw new SearchUnavailableError({ cause: error });
      }
      throw error;
    } finally {
      // A connection in an unknown state is closed rather than used again.
      client.release(failure);
    }
  }
}
