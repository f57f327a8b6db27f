import { InvalidEventError } from './payment-gateway.errors.js';
import type { PaymentEvent } from './payment-gateway.port.js';

/**
 * Takes from an event of either style whom it is about. Reads loosely, since events of any type and of other API
 * versions come too; only what identifies an event must be there.
 *
 * @throws InvalidEventError when it is no event
 */
export function parseStripeEvent(event: unknown): PaymentEvent {
  const { id, type, data, related_object: related } = fieldsOf(event);
  if (typeof id !== 'string' || typeof type !== 'string') throw new InvalidEventError();
  // A snapshot carries the object; a thin event only names it.
  const object = fieldsOf(fieldsOf(data)['object'] ?? related);
  const objectType = textOf(object['object'] ?? object['type']);
  const objectId = textOf(object['id']);
  const customerId = objectType === 'customer' ? objectId : idOf(object['customer']);
  return { id, type, customerId, objectType, objectId };
}

/** @throws InvalidEventError */
export function parseStripePayload(payload: string): PaymentEvent {
  try {
    return parseStripeEvent(JSON.parse(payload));
  } catch (error) {
    throw error instanceof SyntaxError ? new InvalidEventError() : error;
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** An id, or the id of an object that was expanded in its place. */
const idOf = (value: unknown): string | null => textOf(value) ?? textOf(fieldsOf(value)['id']);
