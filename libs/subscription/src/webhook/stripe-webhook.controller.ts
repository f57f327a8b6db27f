import { Public, RateLimit } from '@app/auth';
import { ApiProblem } from '@app/platform';
import { Controller, Headers, HttpCode, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { StripeWebhookService } from './stripe-webhook.service.js';
import { WebhookReceivedResponse } from './webhook-received.response.js';

/** Where Stripe tells us that something happened. */
@ApiTags('Subscription')
@Controller('subscription/webhook')
export class StripeWebhookController {
  constructor(private readonly webhook: StripeWebhookService) {}

  /** Takes one event, of either style and of any type. */
  @Post('stripe')
  @Public()
  @RateLimit('none')
  @RouteConfig({ rawBody: true, servesInMaintenance: true })
  @HttpCode(200)
  @ApiOperation({
    operationId: 'receiveStripeEvent',
    summary: "Stripe's webhook",
    description:
      'For Stripe alone. Snapshot and thin events of any type are accepted, each once; what follows from them happens ' +
      'in the background. An answer other than 200 has Stripe deliver again.',
  })
  @ApiHeader({ name: 'Stripe-Signature', required: true, description: 'Time and signatures over the exact body.' })
  @ApiBody({ schema: { type: 'object', description: 'An event as Stripe sends it.' } })
  @ApiOkResponse({ type: WebhookReceivedResponse })
  @ApiProblem(400, 'invalid_signature', 'invalid_event')
  async receive(
    @Req() request: RawBodyRequest<FastifyRequest>,
    @Headers('Stripe-Signature') signature?: string,
  ): Promise<WebhookReceivedResponse> {
    await this.webhook.receive(request.rawBody ?? Buffer.alloc(0), signature);
    return { received: true };
  }
}
