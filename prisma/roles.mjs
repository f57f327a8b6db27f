/**
 * `npm run db:roles`: makes the product's two roles of PostgreSQL, or brings them up to date. DATABASE_ADMIN_URL is the product's
 * database as a role sees it that may create others; nothing else needs that one.
 *
 * The owner (DATABASE_OWNER_PASSWORD) owns the database and what is in it: with it, `npm run db:migrate` runs. The app
 * (DATABASE_APP_PASSWORD) reads and writes rows, and can change no table: with it, the API and the workers run.
 * May run any number of times, also on a database that was migrated as another role.
 */
import pg from 'pg';
import { readSecretFiles } from './secret-files.mjs';

const OWNER = 'gemini_chat_owner';
const APP = 'gemini_chat_app';

/** What `.env.example` has for passwords. The product's processes refuse it in production by the same pattern. */
const PUBLIC = /change[-_ ]?me|only-for-development/i;

/** What everything in the schema that was made before belongs to. Indexes and columns' sequences go with their table. */
const ADOPT = `
DO $$
DECLARE statement text;
BEGIN
  FOR statement IN
    SELECT format('ALTER TABLE %s OWNER TO ${OWNER}', oid::regclass)
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT format('ALTER TYPE %s OWNER TO ${OWNER}', type.oid::regtype)
    FROM pg_type AS type
    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
    UNION ALL
    SELECT format('ALTER ROUTINE %s OWNER TO ${OWNER}', routine.oid::regprocedure)
    FROM pg_proc AS routine
    WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = routine.oid AND deptype = 'e')
  LOOP
    EXECUTE statement;
  END LOOP;
END $$`;

/** What the app may do: rows, and nothing else. The same for what later migrations make. */
const GRANT = `
GRANT USAGE ON SCHEMA public TO ${APP};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${APP};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${APP};
ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${APP};
ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER} IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${APP}`;

/** What the product sets on its connections, for those that a pooler opens by itself. */
const BOUNDS = `
ALTER ROLE ${APP} SET statement_timeout = '10s';
ALTER ROLE ${APP} SET idle_in_transaction_session_timeout = '15s'`;

/**
 * Makes the roles, and gives them what is theirs.
 *
 * @param {{url: string, ownerPassword: string, appPassword: string}} given `url` of the administrator
 */
async function provideRoles({ url, ownerPassword, appPassword }) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query('BEGIN');
    await provideRole(client, OWNER, ownerPassword);
    await provideRole(client, APP, appPassword);
    const { rows } = await client.query(
      'SELECT current_database() AS name, rolsuper AS superuser FROM pg_roles WHERE rolname = current_user',
    );
    const database = client.escapeIdentifier(rows[0].name);
    // Only a superuser may give things to a role that it is no member of.
    if (!rows[0].superuser) await client.query(`GRANT ${OWNER} TO CURRENT_USER`);
    await client.query(`ALTER DATABASE ${database} OWNER TO ${OWNER}`);
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${APP}`);
    await client.query(`ALTER SCHEMA public OWNER TO ${OWNER}`);
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query(ADOPT);
    await client.query(GRANT);
    await client.query(BOUNDS);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** @param {pg.Client} client @param {string} name @param {string} password */
async function provideRole(client, name, password) {
  // One at a time: roles belong to the server, and another database's run may make the same.
  await client.query('SELECT pg_advisory_xact_lock(5243362)');
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  await client.query(
    `${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${name} LOGIN NOCREATEDB NOCREATEROLE PASSWORD ${client.escapeLiteral(password)}`,
  );
}

try {
  const names = ['DATABASE_ADMIN_URL', 'DATABASE_OWNER_PASSWORD', 'DATABASE_APP_PASSWORD'];
  readSecretFiles([...names, 'PGPASSWORD']);
  const [url = '', ownerPassword = '', appPassword = ''] = names.map((name) => process.env[name]);
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} must be set.`);
  const known = [...names, 'PGPASSWORD'].filter((name) => PUBLIC.test(process.env[name] ?? ''));
  if (known.length > 0 && !['development', 'test'].includes(process.env['NODE_ENV'] ?? '')) {
    throw new Error(`${known.join(', ')} must have a value of its own in production.`);
  }
  await provideRoles({ url, ownerPassword, appPassword });
  console.log(`The roles ${OWNER} and ${APP} are up to date.`);
} catch (error) {
  console.error(`The roles can't be made: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}
