import { type AuthenticatedUser, CurrentUser, RateLimit } from '@app/auth';
import { ApiProblem, NoBodyRequest, PathName } from '@app/platform';
import { Body, Controller, Get, Post } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { CheckoutResponse, PortalResponse } from './checkout/checkout.response.js';
import { CheckoutService } from './checkout/checkout.service.js';
import { SubscribeRequest } from './checkout/subscribe.request.js';
import { SubscriptionStatusService } from './subscription-status.service.js';
import { SubscriptionStatusResponse } from './subscription.response.js';

/** The keys of plans, as an OpenAPI pattern. */
const PLAN_NAME = '^[a-z][a-z0-9_-]*$';

/** A user's plan: what it is, and how to change it. */
@ApiTags('Subscription')
@ApiBearerAuth()
@Controller('subscription')
export class SubscriptionController {
  constructor(
    private readonly statuses: SubscriptionStatusService,
    private readonly checkout: CheckoutService,
  ) {}

  /** The plan and what is left of the daily quota. */
  @Get('status')
  @ApiOperation({
    operationId: 'readSubscriptionStatus',
    summary: 'Plan and daily quota',
    description: 'Answers from what we last learned from Stripe, so it works while Stripe is out of reach.',
  })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  status(@CurrentUser() user: AuthenticatedUser): Promise<SubscriptionStatusResponse> {
    return this.statuses.read(user.userId);
  }

  /** The page on which the user can pay for a plan. */
  @Post('subscribe/:plan')
  @RateLimit('checkout')
  @RouteConfig({ hasOwnBound: true })
  @ApiOperation({
    operationId: 'subscribe',
    summary: 'Buy a plan',
    description:
      "Answers with a page of Stripe's to send the user to. Repeated clicks lead to the same page as long as it can be " +
      'paid; asked for with another plan, interval or URL, the earlier page is closed. The plan begins when Stripe reports ' +
      'the payment, or the start of a trial, usually within a second of the user coming back: read the status until it ' +
      'says so. A trial is for those who never had a subscription. Who has one changes its plan in the portal.',
  })
  @ApiParam({
    name: 'plan',
    description: 'A paid plan of the catalogue, see `GET /plans`. What is none is answered 404.',
    schema: { type: 'string', pattern: PLAN_NAME },
    example: 'pro',
  })
  @ApiBody({ type: SubscribeRequest, required: false })
  @ApiCreatedResponse({ type: CheckoutResponse })
  @ApiProblem(404, 'plan_not_found')
  @ApiProblem(409, 'already_subscribed')
  @ApiProblem(503, 'payment_provider_unavailable')
  async subscribe(
    @PathName('plan') plan: string,
    @CurrentUser() user: AuthenticatedUser,
    @Body() request: SubscribeRequest,
  ): Promise<CheckoutResponse> {
    const { url, expiresAt } = await this.checkout.subscribe(user.userId, { plan, ...request });
    if (url === null) throw new Error('An open checkout session has a URL');
    return { checkoutUrl: url, expiresAt: expiresAt.toISOString() };
  }

  /** The page on which the user manages the subscription. */
  @Post('portal')
  @RateLimit('checkout')
  @RouteConfig({ hasOwnBound: true })
  @ApiOperation({
    operationId: 'openPortal',
    summary: 'Manage the subscription',
    description:
      "Answers with a page of Stripe's to send the user to: to change the plan or the interval, to cancel, to take a cancellation back, to change the card, " +
      'to pay and download invoices.',
  })
  @ApiCreatedResponse({ type: PortalResponse })
  @ApiProblem(503, 'payment_provider_unavailable')
  async portal(@Body() _nothing: NoBodyRequest, @CurrentUser() user: AuthenticatedUser): Promise<PortalResponse> {
    return { url: await this.checkout.portal(user.userId) };
  }
}
