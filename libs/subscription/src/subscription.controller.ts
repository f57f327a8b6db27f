import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SubscriptionStatusService } from './subscription-status.service.js';
import { SubscriptionStatusResponse } from './subscription.response.js';

/** A user's plan: what it is, and how to change it. */
@ApiTags('Subscription')
@ApiBearerAuth()
@Controller('subscription')
export class SubscriptionController {
  constructor(private readonly statuses: SubscriptionStatusService) {}

  /** The plan and what is left of the daily quota. */
  @Get('status')
  @ApiOperation({
    summary: 'Plan and daily quota',
    description: 'Answers from what we last learned from Stripe, so it works while Stripe is out of reach.',
  })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  status(@CurrentUser() user: AuthenticatedUser): Promise<SubscriptionStatusResponse> {
    return this.statuses.read(user.userId);
  }
}
