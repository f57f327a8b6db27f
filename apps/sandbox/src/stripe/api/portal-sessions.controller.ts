import { HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Portal } from '../account/portal.js';
import type { WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { noSuch } from '../account/stripe.errors.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import { wirePortalSession } from '../wire/portal-session.wire.js';
import { ApiController, Form } from '../http/api-controller.decorator.js';
import { Params } from '../http/params.js';
import { publicUrl } from './public-url.js';

@ApiController('v1/billing_portal/sessions')
export class PortalSessionsController {
  constructor(
    private readonly state: StripeState,
    private readonly portal: Portal,
    private readonly config: StripeSandboxConfig,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>, @Req() request: FastifyRequest): WireObject {
    const input = Params.read(form, (params) => ({
      customer: params.required('customer'),
      returnUrl: params.url('return_url') ?? null,
    }));
    if (this.state.customers.get(input.customer)?.deleted !== false) {
      throw noSuch('customer', input.customer, 'customer');
    }
    return wirePortalSession(this.portal.open(input, publicUrl(this.config, request)));
  }
}
