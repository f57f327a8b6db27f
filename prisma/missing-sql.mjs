/** What the schema has and the migrations don't make yet. */
import { EVERYTHING, readMigrations, readSchema, withSchemaEngine } from './schema-engine.mjs';
import { withScratchDatabases } from './scratch-databases.mjs';

/**
 * @param {boolean} fromNothing as if there were no migrations yet
 * @returns {Promise<string | null>} the SQL that the migrations lack to make the schema, null for none
 */
export async function missingSql(fromNothing = false) {
  const { exitCode, stdout } = await withScratchDatabases((url, scratchUrl) =>
    withSchemaEngine(
      url,
      (engine) =>
        engine.diff({
          from: fromNothing ? { tag: 'empty' } : { tag: 'migrations', ...readMigrations() },
          to: { tag: 'schemaDatamodel', ...readSchema() },
          script: true,
          exitCode: true,
          filters: EVERYTHING,
        }),
      { scratchUrl },
    ),
  );
  return exitCode === 0 ? null : stdout;
}
