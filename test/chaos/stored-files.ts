import { createHash } from 'node:crypto';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { download } from '../support/http/uploads.js';
import type { Stack } from '../support/stack.js';
import type { StoredFiles } from './file-laws.js';

const SWEEP_MS = 60_000;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads all that PostgreSQL has of files. @param query runs one statement */
export async function storedFiles(
  query: <Row extends pg.QueryResultRow>(text: string) => Promise<Row[]>,
): Promise<StoredFiles> {
  const messages = await query<StoredFiles['messages'][number]>(
    `SELECT id, chatroom_id AS "roomId", role, status, reply_to AS "replyTo", content,
            ARRAY(SELECT file ->> 'id' FROM jsonb_array_elements(files) WITH ORDINALITY AS each (file, place) ORDER BY place) AS files
     FROM message`,
  );
  const uses = await query<StoredFiles['uses'][number]>(
    'SELECT message_id AS "messageId", file_id AS "fileId" FROM message_file',
  );
  const files = await query<StoredFiles['files'][number]>(
    'SELECT id, bytes::int, delete_after IS NOT NULL AS expires FROM file',
  );
  const contents = await query<StoredFiles['contents'][number]>(
    'SELECT file_id AS "fileId", octet_length(data) AS bytes FROM file_chunk',
  );
  const removals = await query<{ id: string }>('SELECT file_id AS id FROM file_removal');
  return { messages, uses, files, contents, removals: removals.map(({ id }) => id) };
}

/**
 * Has the worker's sweeps remove all that has no use, as if a day had passed: each runs when a worker starts. What is never
 * removed is left for the oracle to find.
 */
export async function sweepFiles(databaseUrl: string, stack: Stack): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const none = (table: string) => async (): Promise<boolean> =>
    (await client.query(`SELECT FROM ${table} LIMIT 1`)).rowCount === 0;
  try {
    await client.query('UPDATE file SET delete_after = now() WHERE delete_after IS NOT NULL');
    await stack.worker(0).restart();
    await eventually(none('file WHERE delete_after IS NOT NULL'), { withinMs: SWEEP_MS }).catch(() => undefined);
    await client.query('UPDATE file_removal SET due_at = now()');
    await stack.worker(1).restart();
    await eventually(none('file_removal'), { withinMs: SWEEP_MS }).catch(() => undefined);
  } finally {
    await client.end();
  }
}

/** The SHA-256 of a file's bytes, as its owner gets them; null: there is no such file. */
export async function readDigest(http: HttpClient, id: string): Promise<string | null> {
  const { status, bytes } = await download(http, id);
  if (status === 404) return null;
  if (status !== 200) throw new Error(`Reading a file answered ${status}`);
  return sha256(bytes);
}
