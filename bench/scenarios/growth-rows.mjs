/** What months of use leave in the product's tables, by SQL. */

/** @import pg from 'pg' */

const PER_ROOM = 10;
const ROOMS_PER_USER = 10;
/** Users whose replies wait. */
const BACKLOG_USERS = 300;

/** @param {string} kind one hexadecimal digit @param {string} n */
const uuid = (kind, n) => `('${kind}0000000-0000-7000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

const PAST = `(now() - interval '1 hour')`;

/** Rows numbered from one number to another: messages, and their rooms and users. @param {number} from @param {number} to of messages */
const history = (from, to) => {
  const rooms = [1 + from / PER_ROOM, to / PER_ROOM].join(', ');
  const users = [1 + from / PER_ROOM / ROOMS_PER_USER, to / PER_ROOM / ROOMS_PER_USER].join(', ');
  const ofRoom = (/** @type {string} */ n) => uuid('a', `1 + (${n} - 1) / ${ROOMS_PER_USER}`);
  const room = `1 + (n - 1) / ${PER_ROOM}`;
  return [
    `INSERT INTO "user" (id, phone, verified_at, created_at)
     SELECT ${uuid('a', 'n')}, '+1' || n, ${PAST}, ${PAST} FROM generate_series(${users}) n`,
    `INSERT INTO chatroom (id, user_id, title, last_seq, last_message_at, last_activity_at, updated_at)
     SELECT ${uuid('b', 'n')}, ${ofRoom('n')}, 'Room ' || n, ${PER_ROOM}, ${PAST}, ${PAST}, ${PAST}
     FROM generate_series(${rooms}) n`,
    `INSERT INTO message (id, chatroom_id, user_id, seq, role, status, content, created_at, completed_at, reply_to, attempt)
     SELECT ${uuid('c', 'n')}, ${uuid('b', room)}, ${ofRoom(`(${room})`)}, 1 + (n - 1) % ${PER_ROOM},
            (CASE WHEN n % 2 = 1 THEN 'user' ELSE 'bot' END)::message_role, 'completed',
            'Some words of message ' || n, ${PAST}, ${PAST}, CASE WHEN n % 2 = 0 THEN ${uuid('c', 'n - 1')} END, 1 - n % 2
     FROM generate_series(${from + 1}, ${to}) n`,
    `INSERT INTO daily_usage (user_id, day, used)
     SELECT ${uuid('a', 'n')}, current_date - days, 3 FROM generate_series(${users}) n, generate_series(1, 5) days`,
    `INSERT INTO idempotency_key (user_id, key, request_hash, reply_id, created_at)
     SELECT ${ofRoom(`(${room})`)}, 'key ' || n, '\\x00', ${uuid('c', 'n')}, ${PAST}
     FROM generate_series(${from + PER_ROOM}, ${to}, ${PER_ROOM}) n`,
  ];
};

/**
 * Grows the tables from so many messages to so many. Indexes of messages are dropped meanwhile and constraints not checked, which
 * is faster by far. Afterwards the statistics are as they are at rest.
 *
 * @param {pg.Pool} database @param {number} from @param {number} to
 */
export async function grow(database, from, to) {
  const client = await database.connect();
  try {
    await client.query('SET session_replication_role = replica');
    const { rows: indexes } = await client.query(
      `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
       WHERE indrelid = 'message'::regclass AND NOT indisprimary`,
    );
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
    for (const statement of history(from, to)) await client.query(statement);
    for (const { definition } of indexes) await client.query(definition);
    await client.query('SET session_replication_role = DEFAULT');
    await client.query('VACUUM (ANALYZE)');
    // Dead rows, as there always are.
    await client.query(`UPDATE chatroom SET title = title WHERE id IN (SELECT id FROM chatroom LIMIT ${to / 100})`);
    await client.query('CHECKPOINT');
  } finally {
    client.release();
  }
}

/**
 * Has replies wait that the statistics don't know, due tomorrow.
 *
 * @param {pg.Pool} database @param {number} replies
 */
export async function addBacklog(database, replies) {
  const users = Math.min(BACKLOG_USERS, replies);
  const waiting = `
    SELECT room.id AS room, room.user_id, row_number() OVER () AS n
    FROM chatroom room, generate_series(1, ${Math.ceil(replies / users)})
    WHERE room.id IN (SELECT id FROM chatroom WHERE id >= ${uuid('b', '1')} AND id <= ${uuid('b', String(users * ROOMS_PER_USER))}
                      ORDER BY id LIMIT ${users})
    LIMIT ${replies}`;
  for (const [role, status, id, replyTo, seq] of [
    ['user', 'completed', uuid('d', '2 * n'), 'NULL::uuid', '1000000 + 2 * n'],
    ['bot', 'queued', uuid('d', '2 * n + 1'), uuid('d', '2 * n'), '1000001 + 2 * n'],
  ]) {
    const [end, due] = role === 'user' ? [PAST, 'NULL'] : ['NULL', `(now() + interval '1 day')`];
    await database.query(
      `INSERT INTO message (id, chatroom_id, user_id, seq, role, status, content, created_at, completed_at, reply_to, due_at,
                            next_enqueue_at, quota_day)
       SELECT ${id}, room, user_id, ${seq}, '${role}', '${status}', 'Waiting', ${PAST}, ${end}::timestamptz, ${replyTo},
              ${due}::timestamptz, ${due}::timestamptz, current_date FROM (${waiting}) waiting`,
    );
  }
}

/** @param {pg.Pool} database has the backlog answered now */
export async function releaseBacklog(database) {
  await database.query('UPDATE message SET due_at = now(), next_enqueue_at = now() WHERE completed_at IS NULL');
}

/** @param {pg.Pool} database removes what the backlog was, so that the next one has its ids */
export async function removeBacklog(database) {
  await database.query(`DELETE FROM message WHERE id >= ${uuid('d', '0')} AND id < ${uuid('e', '0')}`);
}
