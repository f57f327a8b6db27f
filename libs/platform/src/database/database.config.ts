import { Matches } from 'class-validator';
import { IntegerVariable } from '../config/integer-variable.decorator.js';

/** How to reach PostgreSQL. */
export class DatabaseConfig {
  /** A `postgresql://` connection string. */
  @Matches(/^postgres(?:ql)?:\/\/\S+$/, { message: '$property must be a postgresql:// connection string' })
  DATABASE_URL!: string;

  /** Connections that this process may hold at once. */
  @IntegerVariable(1, 500)
  DATABASE_POOL_SIZE = 20;
}
