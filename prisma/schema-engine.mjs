/**
 * Prisma's schema engine, compiled to WebAssembly. The same engine as behind `prisma migrate`, but it comes with
 * `npm install`: the CLI's own is a binary that is downloaded from a host which servers often can't reach (docs/adr).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/** @import {MigrationList, SchemaEngine, SchemaFilter, SchemasContainer} from '@prisma/schema-engine-wasm/schema_engine_bg' */

const SCHEMA = fileURLToPath(new URL('schema.prisma', import.meta.url));
export const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));

/** Nothing is managed outside of Prisma. @type {SchemaFilter} */
export const EVERYTHING = { externalTables: [], externalEnums: [] };

/** @returns {SchemasContainer} the schema as it is on disk */
export function readSchema() {
  return { files: [{ path: SCHEMA, content: readFileSync(SCHEMA, 'utf8') }] };
}

/** @returns {string[]} the names of the migrations on disk, oldest first */
export function migrationNames() {
  return readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** @returns {MigrationList} the migrations on disk, oldest first */
export function readMigrations() {
  return {
    baseDir: MIGRATIONS,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrationNames().map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(MIGRATIONS, name, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

/**
 * Opens the engine on a database and closes it after the work.
 *
 * @template T
 * @param {string} url the database, which must be there
 * @param {(engine: SchemaEngine) => Promise<T>} work
 * @param {string} [scratchUrl] an empty database that the engine may fill to see what the migrations add up to
 * @returns {Promise<T>}
 */
export async function withSchemaEngine(url, work, scratchUrl = url) {
  instantiate();
  const pool = cataloguePool(url);
  const scratchPool = cataloguePool(scratchUrl);
  const adapter = new PrismaPg(pool);
  // The adapter would make a scratch database itself, but by a name that a connection string overrules.
  adapter.connectToShadowDb = () => new PrismaPg(scratchPool).connect();
  try {
    const datamodels = readSchema().files.map(({ path, content }) => /** @type {[string, string]} */ ([path, content]));
    const factory = bindMigrationAwareSqlAdapterFactory(adapter);
    return await work(await bindings.SchemaEngine.new({ datamodels }, () => undefined, factory));
  } finally {
    await Promise.all([pool.end(), scratchPool.end()]);
  }
}

/**
 * A pool through which the adapter can read PostgreSQL's catalogues. Some of their columns have the internal
 * one-letter type `"char"`, which the adapter refuses, though as text the engine understands it.
 *
 * @param {string} connectionString
 */
function cataloguePool(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 1 });
  /** @type {(...args: unknown[]) => Promise<pg.QueryArrayResult | pg.QueryArrayResult[]>} */
  const query = pool.query.bind(pool);
  const readable = async (/** @type {unknown[]} */ ...args) => {
    const result = await query(...args);
    for (const field of [result].flat().flatMap(({ fields }) => fields)) {
      if (field.dataTypeID === pg.types.builtins.CHAR) field.dataTypeID = pg.types.builtins.TEXT;
    }
    return result;
  };
  return Object.assign(pool, { query: readable });
}

/**
 * The part of the global that is used here; the compiler knows it only along with a browser's whole DOM.
 * @typedef {object} WebAssemblyGlobal
 * @property {new (bytes: Buffer) => object} Module
 * @property {new (module: object, imports: object) => {exports: Record<string, () => void>}} Instance
 */

let instantiated = false;

/** Node can't import a `.wasm` file as a module yet, so the bindings are joined to it by hand. */
function instantiate() {
  if (instantiated) return;
  const { WebAssembly } = /** @type {{WebAssembly: WebAssemblyGlobal}} */ (/** @type {unknown} */ (globalThis));
  const file = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm');
  const module = new WebAssembly.Module(readFileSync(file));
  const { exports } = new WebAssembly.Instance(module, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(exports);
  exports['__wbindgen_start']?.();
  instantiated = true;
}
