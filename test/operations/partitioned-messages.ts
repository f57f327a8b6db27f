import type pg from 'pg';

/** The tables that the messages are in, by the room. */
export const PARTITIONS = 8;

/** What of `message` would have to go first: it serves the release before alone (docs/scaling.md). */
const CONTRACT = [
  'DROP TRIGGER reply_concurrency_rooms ON reply_concurrency',
  'DROP FUNCTION set_rooms_of_running_replies',
  'DROP INDEX message_id_key',
];

interface Definition {
  name: string;
  definition: string;
}

async function definitions(client: pg.Client, query: string): Promise<Definition[]> {
  const { rows } = await client.query<Definition>(query);
  return rows;
}

/**
 * Makes `message` a table that is partitioned by the hash of the room, with all that it has: rows, keys, indexes, triggers, rights.
 * Locks everyone out, as no migration may.
 */
export async function partitionMessages(client: pg.Client): Promise<void> {
  await client.query('BEGIN');
  for (const statement of CONTRACT) await client.query(statement);
  const constraints = await definitions(
    client,
    `SELECT conname AS name, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS definition
     FROM pg_constraint WHERE (conrelid = 'message'::regclass OR confrelid = 'message'::regclass) AND contype <> 'n'
     ORDER BY contype = 'f'`,
  );
  const indexes = await definitions(
    client,
    `SELECT relname AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index JOIN pg_class ON oid = indexrelid
     WHERE indrelid = 'message'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))`,
  );
  const triggers = await definitions(
    client,
    `SELECT tgname AS name, pg_get_triggerdef(oid) AS definition FROM pg_trigger
     WHERE tgrelid = 'message'::regclass AND NOT tgisinternal`,
  );
  const rights = await definitions(
    client,
    `SELECT grantee::regrole::text AS name, format('GRANT %s ON message TO %s', privilege_type, grantee::regrole) AS definition
     FROM pg_class, aclexplode(relacl) WHERE oid = 'message'::regclass`,
  );
  await client.query('ALTER TABLE message RENAME TO message_whole');
  await client.query('CREATE TABLE message (LIKE message_whole INCLUDING DEFAULTS) PARTITION BY HASH (chatroom_id)');
  for (let i = 0; i < PARTITIONS; i++) {
    const values = `WITH (MODULUS ${PARTITIONS}, REMAINDER ${i})`;
    await client.query(`CREATE TABLE message_${i} PARTITION OF message FOR VALUES ${values}`);
  }
  await client.query('INSERT INTO message SELECT * FROM message_whole');
  await client.query('DROP TABLE message_whole CASCADE');
  for (const { definition } of [...constraints, ...indexes, ...triggers, ...rights]) await client.query(definition);
  await client.query('COMMIT');
  await client.query('ANALYZE');
}

/** In how many partitions this transaction has looked for rows or written some, foreign keys and triggers included. */
export async function touchedPartitions(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ relname: string; touched: string }>(
    `SELECT relname, seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del AS touched
     FROM pg_stat_xact_user_tables WHERE relname ~ '^message_\\d+$'`,
  );
  return Object.fromEntries(rows.map(({ relname, touched }) => [relname, Number(touched)]));
}
