import { API_VERSION } from '../api-version.js';
import type { EventRecord, WireObject } from '../account/records.js';

/**
 * The event in the classic style, with a copy of its object.
 *
 * @param pendingWebhooks the number of endpoints that haven't accepted it yet
 */
export function wireEvent(event: EventRecord, pendingWebhooks: number): WireObject {
  return {
    id: event.id,
    object: 'event',
    api_version: API_VERSION,
    created: event.created,
    data: { object: event.object, ...(event.previous && { previous_attributes: event.previous }) },
    livemode: false,
    pending_webhooks: pendingWebhooks,
    request: { id: event.cause.id, idempotency_key: event.cause.idempotencyKey },
    type: event.type,
  };
}

/** The same event in the thin style: its type and the id of its object, without the object. */
export function wireThinEvent(event: EventRecord): WireObject {
  const { id, idempotencyKey } = event.cause;
  return {
    id: event.thinId,
    object: 'v2.core.event',
    created: new Date(event.created * 1000).toISOString(),
    livemode: false,
    ...(id !== null && { reason: { type: 'request', request: { id, idempotency_key: idempotencyKey ?? '' } } }),
    related_object: relatedObject(event),
    snapshot_event: event.id,
    type: `v1.${event.type}`,
  };
}

const paths: Record<string, string> = {
  'checkout.session': 'checkout/sessions',
  customer: 'customers',
  invoice: 'invoices',
  invoice_payment: 'invoice_payments',
  subscription: 'subscriptions',
};

function relatedObject({ object }: EventRecord): WireObject | null {
  if (typeof object['id'] !== 'string' || typeof object['object'] !== 'string') return null;
  const path = paths[object['object']];
  if (path === undefined) return null;
  return { id: object['id'], type: object['object'], url: `/v1/${path}/${object['id']}` };
}
