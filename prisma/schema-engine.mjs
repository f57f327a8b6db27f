/**
 * Prisma's schema engine, compiled to WebAssembly. The same engine as behind `prisma migrate`, but it comes with
 * `npm install`: the CLI's own is a binary that is downloaded from a host which servers often can't reach (docs/adr/0004).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { ScriptRunner } from './script-runner.mjs';

/** @import {MigrationList, SchemaEngine, SchemaFilter, SchemasContainer} from '@prisma/schema-engine-wasm/schema_engine_bg' */

const SCHEMA = fileURLToPath(new URL('schema.prisma', import.meta.url));
export const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));

/** The key of the advisory lock under which Prisma's own CLI migrates, too. */
export const MIGRATION_LOCK = 72_707_369;

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

/** @param {string} name @returns {string} a migration's script, with the same line endings on every system */
export function readScript(name) {
  return readFileSync(join(MIGRATIONS, name, 'migration.sql'), 'utf8').replaceAll('\r\n', '\n');
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
        content: { tag: 'ok', value: readScript(name) },
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
 * @param {object} [options]
 * @param {string} [options.scratchUrl] an empty database that the engine may fill to see what the migrations add up to
 * @param {ScriptRunner} [options.runner] runs the migrations' scripts
 * @returns {Promise<T>}
 */
export async function withSchemaEngine(url, work, { scratchUrl = url, runner = new ScriptRunner() } = {}) {
  instantiate();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const scratchPool = new pg.Pool({ connectionString: scratchUrl, max: 1 });
  const adapter = new MigrationPg(pool, runner);
  // The adapter would make a scratch database itself, but by a name that a connection string overrules.
  adapter.connectToShadowDb = () => new MigrationPg(scratchPool, runner).connect();
  try {
    const datamodels = readSchema().files.map(({ path, content }) => /** @type {[string, string]} */ ([path, content]));
    const factory = bindMigrationAwareSqlAdapterFactory(adapter);
    return await work(await bindings.SchemaEngine.new({ datamodels }, () => undefined, factory));
  } finally {
    await Promise.all([pool.end(), scratchPool.end()]);
  }
}

/**
 * The adapter, mended for migrations.
 *
 * It refuses the internal one-letter type `"char"`, which some columns of PostgreSQL's catalogues have and the engine
 * expects. And it cuts a script at every semicolon, be it inside a function or a text; PostgreSQL takes a script as a
 * whole, and then all of it happens or nothing; `ScriptRunner` says how long that may take. And the engine
 * locks a session, which behind a pooler belongs to no one client; `migrate.mjs` holds that lock in a transaction.
 */
class MigrationPg extends PrismaPg {
  /** Which columns of a result have that type. @type {WeakMap<unknown[], Set<number>>} */
  #letters = new WeakMap();

  #pool;
  #runner;

  /** @param {pg.Pool} pool @param {ScriptRunner} runner */
  constructor(pool, runner) {
    /** @type {(...args: unknown[]) => Promise<pg.QueryArrayResult | pg.QueryArrayResult[]>} */
    const query = pool.query.bind(pool);
    const readable = async (/** @type {unknown[]} */ ...args) => {
      const result = await query(...args);
      for (const { fields, rows } of [result].flat()) this.#letters.set(rows, disguiseLetters(fields));
      return result;
    };
    super(Object.assign(pool, { query: readable }));
    this.#pool = pool;
    this.#runner = runner;
  }

  /** @override */
  async connect() {
    const adapter = await super.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    const executeRaw = adapter.executeRaw.bind(adapter);
    return Object.assign(adapter, {
      queryRaw: async (/** @type {Parameters<typeof queryRaw>[0]} */ query) => {
        const result = await queryRaw(query);
        for (const index of this.#letters.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
        return result;
      },
      executeRaw: (/** @type {Parameters<typeof executeRaw>[0]} */ query) =>
        isEngineLock(query.sql) ? Promise.resolve(0) : executeRaw(query),
      executeScript: (/** @type {string} */ script) => this.#runner.run(this.#pool, script).catch(refuse),
    });
  }
}

/** Whether the engine asks for its lock, which the caller holds. @param {string} sql */
const isEngineLock = (sql) => sql.includes(`pg_advisory_lock(${MIGRATION_LOCK})`);

/** @param {pg.DatabaseError} error @returns {never} @throws {DriverAdapterError} what the engine understands */
function refuse({ code = '', severity = 'ERROR', message, detail, column, hint }) {
  throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}

/** Makes the columns of one letter pass as text. @param {pg.FieldDef[]} fields @returns {Set<number>} which they are */
function disguiseLetters(fields) {
  const indexes = fields.flatMap((field, index) => (field.dataTypeID === pg.types.builtins.CHAR ? [index] : []));
  for (const index of indexes) Object.assign(fields[index] ?? {}, { dataTypeID: pg.types.builtins.TEXT });
  return new Set(indexes);
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
  // The engine reports its panics through this.
  const panic = (/** @type {string} */ message) => {
    throw new Error(message);
  };
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: panic } });
  exports['__wbindgen_start']?.();
  instantiated = true;
}
