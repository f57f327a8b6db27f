/**
 * `npm run db:generate`: writes the Prisma client that belongs to the schema, and the names of the migrations that make it, by which a
 * process knows whether its database is as new as it is.
 *
 * Generating needs no schema engine, yet the CLI downloads one unless it is told of another. Any executable will do,
 * since it is never run.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const GENERATED = new URL('../libs/platform/src/database/generated/', import.meta.url);
const cli = createRequire(import.meta.url).resolve('prisma/build/index.js');
const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'generate'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
  encoding: 'utf8',
});
if (status === 0) writeMigrationNames();
else process.stderr.write(stdout + stderr);
process.exitCode = status ?? 1;

function writeMigrationNames() {
  const names = readdirSync(new URL('migrations/', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  writeFileSync(new URL('migrations.ts', GENERATED), `export const MIGRATIONS: string[] = ${JSON.stringify(names)};\n`);
}
