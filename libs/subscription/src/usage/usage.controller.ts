import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { Clock, decodeCursor, readPage } from '@app/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { ModelUsageStore } from './model-usage.store.js';
import { costUsd } from './used-tokens.js';
import { daysOf, MAX_DAYS, UsagePosition, UsageQuery } from './usage.request.js';
import { UsagePageResponse } from './usage.response.js';

/** What a user's model calls used. */
@ApiTags('Subscription')
@ApiBearerAuth()
@Controller('usage')
export class UsageController {
  constructor(
    private readonly store: ModelUsageStore,
    private readonly catalogue: PlanCatalogue,
    private readonly clock: Clock,
  ) {}

  /** The user's own rows of the ledger, with what they cost. */
  @Get()
  @ApiOperation({
    operationId: 'listUsage',
    summary: 'What the model calls used',
    description:
      'One item for each UTC day, model and purpose, newest day first, then by model and purpose: every call that was ' +
      'made for the user, also those that failed or were stopped. This month so far, unless `from` and `to` name other ' +
      `days, at most ${MAX_DAYS}. A call counts when it has ended.`,
  })
  @ApiOkResponse({ type: UsagePageResponse })
  async list(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Query() { limit, cursor, ...days }: UsageQuery,
  ): Promise<UsagePageResponse> {
    const [from, to] = daysOf(days, this.clock.now());
    const after = decodeCursor(UsagePosition, cursor) ?? null;
    const read = (count: number) => this.store.page(userId, from, to, count, after);
    const { items, nextCursor } = await readPage(limit, read, UsagePosition.of);
    const priced = items.map((row) => ({ ...row, costUsd: costUsd(this.catalogue.model(row.model), row) }));
    return { items: priced, nextCursor };
  }
}
