/** What the owner of a Stripe account sets in the dashboard, and the limits of webhook deliveries. */
export interface Settings {
  /** The days between a failed charge and its retry, one number for each retry. */
  retryDays: number[];
  /** What happens to a subscription whose last retry failed. */
  afterRetries: 'cancel' | 'unpaid' | 'past_due';
  /** How long a renewal's invoice stays a draft before it is charged. */
  draftSeconds: number;
  billingMode: 'flexible' | 'classic';
  deliveryAttempts: number;
  /** The pause before the second attempt; it doubles each time, up to a minute. */
  deliveryBackoffMs: number;
  deliveryTimeoutMs: number;
}

export const defaultSettings: Readonly<Settings> = {
  retryDays: [3, 5, 7],
  afterRetries: 'cancel',
  draftSeconds: 3600,
  billingMode: 'flexible',
  deliveryAttempts: 8,
  deliveryBackoffMs: 200,
  deliveryTimeoutMs: 10_000,
};
