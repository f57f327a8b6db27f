import { Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { DEFAULT_PLAN, type Plan, PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { planOfUserSql } from './plan-sql.js';

const READ = prepared<{ plan: string }>('plan_read', `SELECT plan FROM ${planOfUserSql('$1::uuid', '$2', '$3')}`);

/** Which plan users are on. */
@Injectable()
export class PlanStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** The plan that counts now, decided by the same expression as in the statement that accepts a message. */
  async planOf(userId: string): Promise<Plan> {
    const [row] = await this.database.run(READ, [userId, this.clock.now(), this.catalogue.sqlParameter]);
    return this.catalogue.plan(row?.plan ?? DEFAULT_PLAN);
  }
}
