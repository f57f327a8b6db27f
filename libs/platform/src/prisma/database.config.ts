import { IsUrl } from 'class-validator';
import { IntegerVariable } from '../config/integer-variable.decorator.js';

/** How to reach PostgreSQL. */
export class DatabaseConfig {
  /** A `postgresql://` connection string. */
  @IsUrl({ protocols: ['postgres', 'postgresql'], require_tld: false, require_protocol: true })
  DATABASE_URL!: string;

  /** Connections that this process may hold at once. */
  @IntegerVariable(1, 500)
  DATABASE_POOL_SIZE = 20;
}
