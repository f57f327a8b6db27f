import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';

const READ = prepared<{ id: string; tokens: number }>(
  'file_read_tokens',
  `SELECT id, (tokens ->> $3::text)::int AS tokens FROM file
   WHERE id = ANY($2::uuid[]) AND user_id = $1::uuid AND tokens ? $3::text`,
);

const REMEMBER = prepared(
  'file_remember_tokens',
  `UPDATE file SET tokens = tokens || jsonb_build_object($3::text, $4::int) WHERE id = $2::uuid AND user_id = $1::uuid`,
);

/** How many tokens files are for a model, in PostgreSQL: so no file is sent again only to be counted. */
@Injectable()
export class MediaTokensStore {
  constructor(private readonly database: Database) {}

  /** The counts that are known, by the files' ids. */
  async read(userId: string, ids: string[], model: string): Promise<Map<string, number>> {
    const rows = await this.database.run(READ, [userId, ids, model]);
    return new Map(rows.map(({ id, tokens }) => [id, tokens]));
  }

  /** Keeps a count beside those of other models. */
  async remember(userId: string, id: string, model: string, tokens: number): Promise<void> {
    await this.database.run(REMEMBER, [userId, id, model, tokens]);
  }
}
