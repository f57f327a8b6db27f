/** A subscription as the sandbox stores it. */
export interface TrueSubscription {
  id: string;
  status: string;
  /** The id of its price. */
  price: string;
  willCancel: boolean;
  currentPeriodEnd: number;
}

/** A customer as the sandbox stores it. */
export interface TrueCustomer {
  id: string;
  deleted: boolean;
  metadata: Record<string, string>;
  subscriptions: TrueSubscription[];
  sessions: { id: string; status: 'open' | 'complete' | 'expired'; url: string | null; subscription: string | null }[];
}

/** A call that the sandbox's Stripe received. */
export interface StripeCall {
  method: string;
  path: string;
  params: Record<string, unknown>;
  idempotencyKey: string | null;
  replayed: boolean;
  fault: string | null;
  status: number | null;
}

/** The delivery of an event. */
export interface StripeDelivery {
  id: string;
  event: string;
  type: string;
  state: string;
}

/** Controls the Stripe of a stack's sandbox, see apps/sandbox/src/stripe/README.md. */
export class StripeControl {
  /** @param sandboxUrl where the sandbox is */
  constructor(private readonly sandboxUrl: string) {}

  /** Any call of the control API. @throws unless it is a success */
  async call<Answer = unknown>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.sandboxUrl}/control/stripe${path}`, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  /** Pays as the person on the page of this URL does. */
  async pay(checkoutUrl: string): Promise<string> {
    const { subscription } = await this.call<{ subscription: string }>(
      'POST',
      `/checkout/${sessionOf(checkoutUrl)}/pay`,
    );
    return subscription;
  }

  /** Changes a subscription as Stripe's dashboard does. */
  async change(
    subscription: string,
    changes: { status?: string; price?: string; cancelAtPeriodEnd?: boolean },
  ): Promise<void> {
    await this.call('PATCH', `/subscriptions/${subscription}`, changes);
  }

  /** Moves Stripe's clock. */
  async advance(by: { seconds?: number; days?: number }): Promise<void> {
    await this.call('POST', '/clock/advance', by);
  }

  /** Everything about all customers of one of our users. */
  async customersOf(userId: string): Promise<TrueCustomer[]> {
    const { customers } = await this.call<{ customers: TrueCustomer[] }>('GET', '/customers');
    return customers.filter(({ metadata }) => metadata['userId'] === userId);
  }

  /** How the webhooks of later events are delivered. */
  async deliver(policy: object): Promise<void> {
    await this.call('PUT', '/deliveries/policy', policy);
  }

  async deliveries(query = ''): Promise<StripeDelivery[]> {
    return (await this.call<{ deliveries: StripeDelivery[] }>('GET', `/deliveries${query}`)).deliveries;
  }

  /** How Stripe can be reached. */
  async availability(mode: 'up' | 'unavailable' | 'reset' | 'hang'): Promise<void> {
    await this.call('PUT', '/availability', { mode });
  }

  /** Makes later calls fail. */
  async fault(fault: object): Promise<void> {
    await this.call('POST', '/faults', fault);
  }

  /** The calls of the API so far. */
  async calls(query = ''): Promise<StripeCall[]> {
    return (await this.call<{ requests: StripeCall[] }>('GET', `/requests${query}`)).requests;
  }
}

/** The id of the session that a checkout page belongs to. */
export function sessionOf(checkoutUrl: string): string {
  const id = /cs_[A-Za-z0-9_]+/.exec(checkoutUrl)?.[0];
  if (id === undefined) throw new Error(`${checkoutUrl} is no checkout page`);
  return id;
}
