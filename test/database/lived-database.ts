import type pg from 'pg';

/** How much has happened in a database that has lived. */
const LIVED = {
  users: 10_000,
  rooms: 50_000,
  messages: 1_000_000,
  /** Messages of one room alone. */
  longRoom: 100_000,
  /** Replies that wait, half of them in one room. */
  backlog: 3_000,
  /** Variants of one reply, none of which brought any text. */
  variants: 20_000,
  /** Rooms of one user alone. */
  roomsOfOne: 10_000,
  /** Shares, each of a room of its own. */
  shares: 20_000,
  /** Files, most of which messages have. */
  files: 30_000,
};

/** Ids that a test asks about: by the number of the row that they belong to. */
export const userId = (n: number): string => uuid('a', n);
export const roomId = (n: number): string => uuid('b', n);
export const messageId = (n: number): string => uuid('c', n);
/** Three files of a user, by the user's number. */
export const filesOf = (user: number): string[] => [0, 1, 2].map((each) => uuid('f', user - 1 + each * LIVED.users));

const uuid = (kind: string, n: number): string => `${kind}0000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const uuidSql = (kind: string, n: string): string =>
  `('${kind}0000000-0000-7000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

/** The number of the long room, of the room in which half of the backlog waits, and of the one whose last reply has all the variants. */
export const LONG_ROOM = 1;
export const BACKLOG_ROOM = 2;
export const VARIANTS_ROOM = 3;
/** A room with a hundred messages of 32,000 characters at its end. */
export const LONG_TEXTS_ROOM = 4;

/** The number of the user with many rooms, and of the first one of those; each has two messages. */
export const ROOM_OWNER = 5;
export const FIRST_OWN_ROOM = LIVED.rooms + 1;

/** Messages are numbered room by room; these are the first ones of the long room and of the backlogs. */
const FIRST_LONG = LIVED.messages + 1;
const FIRST_BACKLOG = FIRST_LONG + LIVED.longRoom;
const FIRST_VARIANT = FIRST_BACKLOG + 2 * LIVED.backlog;
/** An odd number, as of every question. */
const FIRST_OF_OWN_ROOMS = FIRST_VARIANT + LIVED.variants + 2;

/** The question that has all the variants, and the newest of them. */
export const VARIANTS_QUESTION = messageId(FIRST_VARIANT);
export const LAST_VARIANT = messageId(FIRST_VARIANT + LIVED.variants);

/** The last reply of the long room, which is finished, and the first one of the backlog room. */
export const LONG_ROOM_REPLY = messageId(FIRST_BACKLOG - 1);
export const BACKLOG_HEAD = messageId(FIRST_BACKLOG + 1);
export const BACKLOG_SECOND = messageId(FIRST_BACKLOG + 5);

/** How many messages an ordinary room has. */
const PER_ROOM = LIVED.messages / LIVED.rooms;

const PAST = `now() - interval '1 hour'`;

const shareTokenSql = (room: string): string => `lpad((${room})::text, 32, '0')`;
/** The token of a room's share, by the room's number. */
export const shareTokenOf = (room: number): string => String(room).padStart(32, '0');

/** Whose a room is, by its number; not those of {@link ROOM_OWNER}. */
const ownerSql = (room: string): string => uuidSql('a', `1 + (${room}) % ${LIVED.users}`);

/** One message of so many has a file. */
const WITH_FILE_EVERY = 50;
/** Which file that is. */
const fileSql = (n: string): string => uuidSql('f', `1 + (${n}) / ${WITH_FILE_EVERY} % ${LIVED.files}`);

/** The files of a question; the thoughts and the sources of a reply. */
const MORE = `
         CASE WHEN n % ${WITH_FILE_EVERY} = 1 THEN jsonb_build_array(jsonb_build_object(
           'id', ${fileSql('n')}, 'name', 'report.pdf', 'mediaType', 'application/pdf', 'bytes', 600000, 'width', NULL, 'height', NULL,
           'createdAt', ${PAST}, 'store', 'postgresql')) END,
         CASE WHEN n % 50 = 0 THEN repeat('What the model thought of it. ', 10) END,
         CASE WHEN n % 50 = 2 THEN '{"sources": [{"title": "A page", "uri": "https://a.example", "ranges": [{"start": 0, "end": 4}]}],
                                     "searchQueries": ["some words"]}'::jsonb END`;

// Question and answer take turns: odd numbers are the user's.
const message = (n: string, room: string, owner: string, seq: string): string => `
  INSERT INTO message (id, chatroom_id, user_id, seq, role, status, content, created_at, completed_at, reply_to, attempt,
    files, thoughts, grounding)
  SELECT ${uuidSql('c', n)}, ${room}, ${owner}, ${seq}, (CASE WHEN n % 2 = 1 THEN 'user' ELSE 'bot' END)::message_role,
         'completed', 'Some words of message ' || n, ${PAST}, ${PAST},
         CASE WHEN n % 2 = 0 THEN ${uuidSql('c', `${n} - 1`)} END, 1 - n % 2, ${MORE}
  FROM`;

/** What has happened before the first ANALYZE: as usual, no reply waits just then. */
const HISTORY = [
  `INSERT INTO "user" (id, phone, verified_at, created_at)
   SELECT ${uuidSql('a', 'n')}, '+1' || n, ${PAST}, ${PAST} FROM generate_series(1, ${LIVED.users}) n`,
  `INSERT INTO chatroom (id, user_id, title, last_seq, last_activity_at)
   SELECT ${uuidSql('b', 'n')}, ${ownerSql('n')}, 'Room ' || n, ${PER_ROOM},
          ${PAST} + n * interval '1 ms'
   FROM generate_series(1, ${LIVED.rooms}) n`,
  `${message('n', uuidSql('b', `1 + (n - 1) / ${PER_ROOM}`), ownerSql(`1 + (n - 1) / ${PER_ROOM}`), `1 + (n - 1) % ${PER_ROOM}`)}
   generate_series(1, ${LIVED.messages}) n`,
  `${message('n', `'${roomId(LONG_ROOM)}'::uuid`, ownerSql(String(LONG_ROOM)), `${PER_ROOM} + 1 + n - ${FIRST_LONG}`)}
   generate_series(${FIRST_LONG}, ${FIRST_LONG + LIVED.longRoom - 1}) n`,
  `UPDATE chatroom SET last_seq = ${PER_ROOM + LIVED.longRoom} WHERE id = '${roomId(LONG_ROOM)}'`,
  `INSERT INTO chatroom (id, user_id, title, last_seq, last_activity_at, updated_at)
   SELECT ${uuidSql('b', 'n')}, '${userId(ROOM_OWNER)}', 'Room ' || n, 2, at, at
   FROM generate_series(${FIRST_OWN_ROOM}, ${FIRST_OWN_ROOM + LIVED.roomsOfOne - 1}) n, LATERAL (SELECT ${PAST} + n * interval '1 ms' AS at) active`,
  `${message('n', uuidSql('b', `${FIRST_OWN_ROOM} + (n - ${FIRST_OF_OWN_ROOMS}) / 2`), `'${userId(ROOM_OWNER)}'::uuid`, `1 + (n - ${FIRST_OF_OWN_ROOMS}) % 2`)}
   generate_series(${FIRST_OF_OWN_ROOMS}, ${FIRST_OF_OWN_ROOMS + 2 * LIVED.roomsOfOne - 1}) n`,
  `INSERT INTO share (id, token, chatroom_id, user_id, title, seqs, created_at)
   SELECT gen_random_uuid(), ${shareTokenSql('n')}, ${uuidSql('b', 'n')}, ${ownerSql('n')}, 'Room ' || n,
          CASE WHEN n = ${LONG_ROOM} THEN (SELECT array_agg(seq) FROM generate_series(${LIVED.longRoom - 1_999}, ${LIVED.longRoom}) seq) ELSE '{1,2,3,4}' END,
          ${PAST}
   FROM generate_series(1, ${LIVED.shares}) n`,
  `INSERT INTO daily_usage SELECT id, current_date - days, 3 FROM "user", generate_series(0, 4) days`,
  `INSERT INTO reply_concurrency SELECT id, 7, ARRAY[gen_random_uuid(), gen_random_uuid()] FROM "user"`,
  `INSERT INTO model_usage (user_id, day, model, purpose, calls, prompt_tokens)
   SELECT id, current_date - days, 'gemini-flash-latest', purpose, 3, 900
   FROM "user", generate_series(0, 9) days, (VALUES ('reply'), ('title')) AS purposes (purpose)`,
  `INSERT INTO erased_model_usage (day, model, purpose, calls)
   SELECT current_date - days, 'model-' || model, 'reply', 3 FROM generate_series(0, 399) days, generate_series(1, 20) model`,
  `INSERT INTO audit_event (id, at, action, user_id)
   SELECT gen_random_uuid(), now() - n * interval '1 minute', 'login', ${uuidSql('a', '1 + n % 1000')}
   FROM generate_series(1, 20000) n`,
  `INSERT INTO erased_daily_usage SELECT decode(md5('p' || n), 'hex'), current_date, 3 FROM generate_series(1, 20000) n`,
  `INSERT INTO idempotency_key (user_id, key, request_hash, reply_id, created_at)
   SELECT ${uuidSql('a', `1 + n % ${LIVED.users}`)}, 'key ' || n, '\\x00', ${uuidSql('c', '2 * n')}, ${PAST}
   FROM generate_series(1, 50000) n`,
  `INSERT INTO session (id, user_id, family_hash, refresh_hash, expires_at, absolute_expires_at)
   SELECT gen_random_uuid(), ${uuidSql('a', `1 + n % ${LIVED.users}`)}, decode(md5('f' || n), 'hex'),
          decode(md5('r' || n), 'hex'), now() + interval '1 day', now() + interval '30 days'
   FROM generate_series(1, 50000) n`,
  `INSERT INTO revoked_session (id, revoked_at)
   SELECT gen_random_uuid(), now() - n * interval '1 s' FROM generate_series(1, 20000) n`,
  `INSERT INTO subscription (user_id, stripe_customer_id, stripe_subscription_id, status, plan, resync_at)
   SELECT id, 'cus_' || id, 'sub_' || id, 'active', 'pro', now() + interval '12 hours' FROM "user"`,
  `INSERT INTO plan_grant (user_id, plan, expires_at)
   SELECT id, 'pro', now() - interval '1 day' * (1 + abs(hashtext(id::text)) % 80) FROM "user"`,
  `INSERT INTO checkout (user_id, key, price_id, success_url, cancel_url)
   SELECT id, gen_random_uuid(), 'price', 'https://a.example', 'https://a.example' FROM "user"`,
  `INSERT INTO stripe_event (id, type, received_at, processed_at, next_enqueue_at)
   SELECT 'evt_' || n, 'invoice.paid', ${PAST}, ${PAST}, NULL FROM generate_series(1, 100000) n`,
  `INSERT INTO file (id, user_id, name, media_type, bytes, store, delete_after)
   SELECT ${uuidSql('f', 'n')}, ${uuidSql('a', `1 + n % ${LIVED.users}`)}, 'report.pdf', 'application/pdf', 600000, 'postgresql', NULL
   FROM generate_series(1, ${LIVED.files}) n`,
  `INSERT INTO message_file (chatroom_id, message_id, file_id)
   SELECT chatroom_id, id, (files -> 0 ->> 'id')::uuid FROM message WHERE files IS NOT NULL`,
  `INSERT INTO file (id, user_id, name, media_type, bytes, store, delete_after)
   SELECT gen_random_uuid(), ${uuidSql('a', `1 + n % ${LIVED.users}`)}, 'unused.pdf', 'application/pdf', 600000, 'postgresql',
          now() + interval '1 day'
   FROM generate_series(1, 3000) n`,
  `INSERT INTO file_chunk (file_id, position, data) SELECT id, position, '\\x00' FROM file, generate_series(0, 2) position`,
  `INSERT INTO file_removal (file_id, store, due_at)
   SELECT gen_random_uuid(), 'postgresql', now() + n * interval '1 s' FROM generate_series(1, 20000) n`,
  `INSERT INTO stripe_cancellation (customer_id) SELECT 'cus_ended_' || n FROM generate_series(1, 5000) n`,
];

const VARIANTS = `
  INSERT INTO message (id, chatroom_id, user_id, seq, role, status, content, created_at, completed_at, reply_to, superseded)
  SELECT ${uuidSql('c', 'n')}, '${roomId(VARIANTS_ROOM)}'::uuid, '${userId(1 + VARIANTS_ROOM)}'::uuid, ${PER_ROOM} + 1 + n - ${FIRST_VARIANT},
         (CASE WHEN n = ${FIRST_VARIANT} THEN 'user' ELSE 'bot' END)::message_role,
         (CASE WHEN n = ${FIRST_VARIANT} THEN 'completed' ELSE 'cancelled' END)::message_status,
         CASE WHEN n = ${FIRST_VARIANT} THEN 'A question' ELSE '' END, ${PAST}, ${PAST},
         CASE WHEN n > ${FIRST_VARIANT} THEN '${messageId(FIRST_VARIANT)}'::uuid END,
         n > ${FIRST_VARIANT} AND n < ${FIRST_VARIANT + LIVED.variants}
  FROM generate_series(${FIRST_VARIANT}, ${FIRST_VARIANT + LIVED.variants}) n`;

/** Texts that don't compress, so that each is stored outside of its row. */
const LONG_TEXTS = `
  INSERT INTO message (id, chatroom_id, user_id, seq, role, status, content, created_at, completed_at)
  SELECT gen_random_uuid(), '${roomId(LONG_TEXTS_ROOM)}'::uuid, '${userId(1 + LONG_TEXTS_ROOM)}'::uuid, ${PER_ROOM} + n, 'user', 'completed',
         (SELECT string_agg(md5(n || ' ' || k), '') FROM generate_series(1, 1000) k), ${PAST}, ${PAST}
  FROM generate_series(1, 100) n`;

/** What has happened since: dead rows, and a backlog that no statistics know. */
const SINCE = [
  `UPDATE chatroom SET last_activity_at = now() WHERE id <= '${roomId(20_000)}'`,
  `INSERT INTO model_call (id, user_id, model, purpose, prompt_tokens, started_at)
   SELECT gen_random_uuid(), ${uuidSql('a', '1 + n')}, 'gemini-flash-latest', 'title', 90, ${PAST}
   FROM generate_series(1, 3000) n`,
  VARIANTS,
  LONG_TEXTS,
  `UPDATE message SET superseded = false WHERE id <= '${messageId(40_000)}'`,
  `INSERT INTO message (id, chatroom_id, seq, role, status, content, created_at, completed_at, reply_to, due_at,
                        next_enqueue_at, quota_day, user_id)
   SELECT ${uuidSql('c', 'n')}, room.id, 1000000 + n,
          (CASE WHEN n % 2 = 1 THEN 'user' ELSE 'bot' END)::message_role,
          (CASE WHEN n % 2 = 1 THEN 'completed' ELSE 'queued' END)::message_status, 'Waiting', ${PAST},
          CASE WHEN n % 2 = 1 THEN ${PAST} END, CASE WHEN n % 2 = 0 THEN ${uuidSql('c', 'n - 1')} END,
          CASE WHEN n % 2 = 0 THEN ${PAST} END, CASE WHEN n % 2 = 0 THEN ${PAST} END, current_date, room.user_id
   FROM generate_series(${FIRST_BACKLOG}, ${FIRST_BACKLOG + 2 * LIVED.backlog - 1}) n, LATERAL (
     SELECT (n - ${FIRST_BACKLOG}) / 2 AS pair) numbered
   JOIN chatroom room ON room.id =
     CASE WHEN pair % 2 = 0 THEN '${roomId(BACKLOG_ROOM)}'::uuid ELSE ${uuidSql('b', '1000 + pair')} END`,
];

/**
 * Fills an empty database with what months of use leave behind. Indexes are dropped meanwhile, and constraints not
 * checked: that is faster by far.
 */
export async function live(client: pg.Client): Promise<void> {
  await client.query('SET session_replication_role = replica');
  // Where a machine takes long, autovacuum would tell the planner of what has happened since, and clean up after it.
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  for (const { name } of tables) await client.query(`ALTER TABLE ${name} SET (autovacuum_enabled = false)`);
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = 'message'::regclass AND NOT indisprimary`,
  );
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  for (const statement of HISTORY) await client.query(statement);
  for (const { definition } of indexes) await client.query(definition);
  await client.query('VACUUM (ANALYZE)');
  for (const statement of SINCE) await client.query(statement);
}
