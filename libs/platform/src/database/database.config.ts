import { IsIn, IsOptional, Matches } from 'class-validator';
import { IntegerVariable } from '../config/integer-variable.decorator.js';
import { ReadableFromFile } from '../config/readable-from-file.decorator.js';
import { SecretVariable } from '../config/secret-variable.decorator.js';

/** How to reach PostgreSQL. */
export class DatabaseConfig {
  /** A `postgresql://` connection string; `?sslmode=verify-full&sslrootcert=FILE` for TLS with a CA of your own. */
  @ReadableFromFile()
  @Matches(/^postgres(?:ql)?:\/\/\S+$/, { message: '$property must be a postgresql:// connection string' })
  DATABASE_URL!: string;

  /** The password where `DATABASE_URL` has none, as PostgreSQL's own programs read it. */
  @IsOptional()
  @SecretVariable()
  PGPASSWORD?: string;

  /** Connections that this process may hold at once. */
  @IntegerVariable(1, 500)
  DATABASE_POOL_SIZE = 20;

  /**
   * `off` for a pooler in transaction mode that doesn't keep prepared statements, such as PgBouncer before 1.21 or with
   * `max_prepared_statements = 0`. It costs PostgreSQL the parsing and planning of each statement.
   */
  @IsIn(['on', 'off'])
  DATABASE_PREPARED_STATEMENTS: 'on' | 'off' = 'on';
}
