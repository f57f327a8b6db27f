import { IsOptional, Matches } from 'class-validator';
import { IntegerVariable } from '../config/integer-variable.decorator.js';
import { SecretVariable } from '../config/secret-variable.decorator.js';

/** How to reach PostgreSQL. */
export class DatabaseConfig {
  /** A `postgresql://` connection string. */
  @Matches(/^postgres(?:ql)?:\/\/\S+$/, { message: '$property must be a postgresql:// connection string' })
  DATABASE_URL!: string;

  /** The password where `DATABASE_URL` has none, as PostgreSQL's own programs read it. */
  @IsOptional()
  @SecretVariable()
  PGPASSWORD?: string;

  /** Connections that this process may hold at once. */
  @IntegerVariable(1, 500)
  DATABASE_POOL_SIZE = 20;
}
