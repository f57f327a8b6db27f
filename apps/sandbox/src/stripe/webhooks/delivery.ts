/** A URL that events are sent to. */
export interface Endpoint {
  id: string;
  url: string;
  secrets: string[];
  payload: 'snapshot' | 'thin';
  /** Event types, exact or a prefix with `*`. */
  types: string[];
}

/** How later events are delivered. */
export interface DeliveryPolicy {
  /** Whether deliveries wait until they are released. */
  hold: boolean;
  /** Not null: never sent, and counted by Stripe as failed, or as acknowledged. */
  drop: 'failed' | 'acknowledged' | null;
  /** A random delay between the two, in real milliseconds. */
  delayMs: readonly [number, number];
  copies: number;
  types: string[];
}

export const normalPolicy: DeliveryPolicy = { hold: false, drop: null, delayMs: [0, 0], copies: 1, types: ['*'] };

export const deliveryStates = ['scheduled', 'sending', 'held', 'delivered', 'failed', 'dropped'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One attempt to send. Times are ISO 8601 in real time. */
export interface Attempt {
  at: string;
  /** The status that the endpoint answered; null without an answer. */
  status: number | null;
  error: string | null;
}

/** The delivery of an event to an endpoint. */
export interface Delivery {
  id: string;
  event: string;
  type: string;
  endpoint: string;
  payload: Endpoint['payload'];
  state: DeliveryState;
  attempts: Attempt[];
  nextAttemptAt: string | null;
}

export const isAccepted = ({ status }: Attempt): boolean => status !== null && status >= 200 && status < 300;

/** Whether Stripe counts this delivery as not accepted yet. */
export const isPending = ({ state, attempts }: Delivery): boolean =>
  state !== 'delivered' && !attempts.some(isAccepted);
