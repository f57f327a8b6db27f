import { Get, Param } from '@nestjs/common';
import type { EventRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { notFound } from '../account/stripe.errors.js';
import { WebhookDeliveries } from '../webhooks/webhook-deliveries.js';
import { matchesType } from '../webhooks/matches-type.js';
import { wireEvent } from '../wire/event.wire.js';
import { ApiController, Form } from '../http/api-controller.decorator.js';
import { listPage, pageRequest } from '../http/list-page.js';
import { Params } from '../http/params.js';

@ApiController('v1/events')
export class EventsController {
  constructor(
    private readonly state: StripeState,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, types, delivered } = Params.read(form, (params) => ({
      page: pageRequest(params),
      types: params.strings('types'),
      delivered: params.boolean('delivery_success'),
    }));
    const matching = [...this.state.events.values()].filter(
      (event) =>
        (types ?? ['*']).some((pattern) => matchesType(pattern, event.type)) &&
        (delivered === undefined || delivered === (this.deliveries.pendingOf(event.id) === 0)),
    );
    return listPage(matching, page, '/v1/events', (event) => this.wire(event));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const event = this.state.events.get(id);
    if (event === undefined) throw notFound('event', id);
    return this.wire(event);
  }

  private wire(event: EventRecord): WireObject {
    return structuredClone(wireEvent(event, this.deliveries.pendingOf(event.id)));
  }
}
