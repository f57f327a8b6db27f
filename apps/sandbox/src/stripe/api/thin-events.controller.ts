import { Get, Param } from '@nestjs/common';
import type { EventRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { invalid, StripeApiError } from '../account/stripe.errors.js';
import { wireThinEvent } from '../wire/event.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { Params } from './params.js';

const DEFAULT_LIMIT = 20;

/** The events again, in the manner of the second API: thin, and paged by links. */
@ApiController('v2/core/events')
export class ThinEventsController {
  constructor(private readonly state: StripeState) {}

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { limit, offset, objectId, types } = Params.read(form, (params) => ({
      limit: params.integer('limit') ?? DEFAULT_LIMIT,
      offset: params.integer('page') ?? 0,
      objectId: params.string('object_id'),
      types: params.strings('types'),
    }));
    if (limit < 1 || limit > 100) throw invalid('limit must be between 1 and 100', 'limit');
    const matching = [...this.state.events.values()]
      .reverse()
      .filter(({ type }) => types?.includes(`v1.${type}`) ?? true)
      .filter(({ object }) => object['id'] === (objectId ?? object['id']));
    const link = (page: number) => `/v2/core/events?${pageQuery(limit, page, objectId, types)}`;
    return {
      data: matching.slice(offset, offset + limit).map(wireThinEvent),
      next_page_url: offset + limit < matching.length ? link(offset + limit) : null,
      previous_page_url: offset > 0 ? link(Math.max(0, offset - limit)) : null,
    };
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const event = this.find(id);
    if (event !== undefined) return wireThinEvent(event);
    throw new StripeApiError(404, 'invalid_request_error', `No such event: ${id}`, { code: 'not_found' });
  }

  private find(id: string): EventRecord | undefined {
    return [...this.state.events.values()].find(({ thinId }) => thinId === id);
  }
}

function pageQuery(limit: number, page: number, objectId: string | undefined, types: string[] | undefined): string {
  const query = new URLSearchParams({ limit: String(limit), page: String(page) });
  if (objectId !== undefined) query.set('object_id', objectId);
  types?.forEach((type, index) => query.set(`types[${index}]`, type));
  return query.toString();
}
