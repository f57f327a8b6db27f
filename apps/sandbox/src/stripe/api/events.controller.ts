import { Get, Param } from '@nestjs/common';
import type { EventRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { invalid, notFound } from '../account/stripe.errors.js';
import { DeliveryDesk } from '../webhooks/delivery-desk.js';
import { matchesType } from '../webhooks/matches-type.js';
import { wireEvent } from '../wire/event.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { listPage, pageRequest } from './list-page.js';
import { Params } from './params.js';

@ApiController('v1/events')
export class EventsController {
  constructor(
    private readonly state: StripeState,
    private readonly desk: DeliveryDesk,
  ) {}

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, type, types, delivered } = Params.read(form, (params) => ({
      page: pageRequest(params),
      type: params.string('type'),
      types: params.strings('types'),
      delivered: params.boolean('delivery_success'),
    }));
    if (type !== undefined && types !== undefined) throw invalid('You may only specify one of type, types.', 'types');
    const wanted = types ?? (type === undefined ? ['*'] : [type]);
    const matching = [...this.state.events.values()].filter(
      (event) =>
        wanted.some((pattern) => matchesType(pattern, event.type)) &&
        (delivered === undefined || delivered === (this.desk.pendingOf(event.id) === 0)),
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
    return structuredClone(wireEvent(event, this.desk.pendingOf(event.id)));
  }
}
