import type { ClientBase } from 'pg';
import { MIGRATIONS } from './generated/migrations.js';

const UNDEFINED_TABLE = '42P01';

/**
 * Looks whether the database has all the migrations that this build was made with. One that is newer is fine: the migrations of a
 * release work with the processes of the one before (docs/migrations.md).
 *
 * @param expected the migrations of this build, unless given
 * @returns what is missing, in a sentence that says what to do; null when nothing is
 */
export async function inspectSchema(client: ClientBase, expected = MIGRATIONS): Promise<string | null> {
  const applied = await appliedMigrations(client);
  if (applied === null) return 'The database has no schema yet; run npm run db:migrate';
  const missing = expected.filter((name) => !applied.has(name));
  if (missing.length === 0) return null;
  return `The database's schema is older than this release, it lacks ${missing.join(', ')}; run npm run db:migrate`;
}

/** The names of those that are complete; null when the database has never been migrated. */
async function appliedMigrations(client: ClientBase): Promise<Set<string> | null> {
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    return new Set(rows.map(({ name }) => name));
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return null;
    throw error;
  }
}
