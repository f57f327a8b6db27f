/** Somewhere that events are sent to. */
export interface Endpoint {
  id: string;
  url: string;
  secrets: string[];
  payload: 'snapshot' | 'thin';
  /** Event types, exact or a prefix with `*`. */
  types: string[];
}

/** What befalls the deliveries of events to come. */
export interface DeliveryPolicy {
  hold: boolean;
  /** Never sent; `failed`: Stripe knows, `acknowledged`: Stripe believes that they arrived. */
  drop: 'failed' | 'acknowledged' | null;
  /** A random delay between the two, in real milliseconds. */
  delayMs: readonly [number, number];
  copies: number;
  types: string[];
}

export const normalPolicy: DeliveryPolicy = { hold: false, drop: null, delayMs: [0, 0], copies: 1, types: ['*'] };

export const deliveryStates = ['scheduled', 'sending', 'held', 'delivered', 'failed', 'dropped'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One try. Times are ISO 8601 in real time. */
export interface Attempt {
  at: string;
  /** The endpoint's answer; null when there was none. */
  status: number | null;
  error: string | null;
}

/** An event on its way to an endpoint. */
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

export const hasArrived = ({ status }: Attempt): boolean => status !== null && status >= 200 && status < 300;

/** Whether Stripe counts this delivery as not having arrived. */
export const isPending = ({ state, attempts }: Delivery): boolean =>
  state !== 'delivered' && !attempts.some(hasArrived);
