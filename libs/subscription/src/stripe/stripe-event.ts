import { InvalidEventError } from './payment-gateway.errors.js';
import type { PaymentEvent } from './payment-gateway.port.js';

/**
 * Takes from an event of either style whom it is about. Reads loosely, since events of any type and of other API
 * versions come too; only what identifies an event must be there, and all that is stored must be storable.
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
  if (id === '' || type === '' || ![id, type, customerId, objectType, objectId].every(isStorable)) {
    throw new InvalidEventError();
  }
  return { id, type, customerId, objectType, objectId };
}

/** Stripe promises that its ids have at most so many characters; names of types are shorter. */
const MAX_LENGTH = 255;

/** PostgreSQL stores neither NUL nor half a character, and an index holds no text of any length. Stripe sends nothing of it. */
const isStorable = (text: string | null): boolean =>
  // eslint-disable-next-line no-control-regex -- control characters are what must be kept out
  text === null || (text.length <= MAX_LENGTH && text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text));

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
