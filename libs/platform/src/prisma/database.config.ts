import { Transform } from 'class-transformer';
import { IsInt, IsUrl, Max, Min } from 'class-validator';

/** How to reach PostgreSQL. */
export class DatabaseConfig {
  /** A `postgresql://` connection string. */
  @IsUrl({ protocols: ['postgres', 'postgresql'], require_tld: false, require_protocol: true })
  DATABASE_URL!: string;

  /** Connections that this process may hold at once. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(1)
  @Max(500)
  DATABASE_POOL_SIZE = 20;
}
