import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.client.js';
import { prepared } from '../database/prepared-statement.js';

/** That the API is under maintenance. */
export interface MaintenanceState {
  since: Date;
  /** What clients are told to wait, in seconds. */
  retryAfterSeconds: number;
}

const READ = prepared<MaintenanceState>(
  'maintenance_read',
  'SELECT since, retry_after_seconds AS "retryAfterSeconds" FROM maintenance WHERE id = 1',
);

const BEGIN = prepared<MaintenanceState>(
  'maintenance_begin',
  `
    INSERT INTO maintenance (id, since, retry_after_seconds) VALUES (1, now(), $1::int)
    ON CONFLICT (id) DO UPDATE SET retry_after_seconds = EXCLUDED.retry_after_seconds
    RETURNING since, retry_after_seconds AS "retryAfterSeconds"`,
);

const END = prepared<{ id: number }>('maintenance_end', 'DELETE FROM maintenance WHERE id = 1 RETURNING id');

/** Whether the API is under maintenance, for all replicas together: one row in PostgreSQL, or none. */
@Injectable()
export class MaintenanceStore {
  constructor(private readonly database: Database) {}

  /** Null: the API works as usual. */
  async read(): Promise<MaintenanceState | null> {
    const [state] = await this.database.run(READ, []);
    return state ?? null;
  }

  /** Begins a maintenance, or changes what clients are told in one that runs. */
  async begin(retryAfterSeconds: number): Promise<MaintenanceState> {
    const [state] = await this.database.run(BEGIN, [retryAfterSeconds]);
    return state!;
  }

  /** @returns whether there was one */
  async end(): Promise<boolean> {
    return (await this.database.run(END, [])).length > 0;
  }
}
