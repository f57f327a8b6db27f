interface ErrorDetails {
  code?: string;
  param?: string;
  declineCode?: string;
  /** What `Stripe-Should-Retry` advises, if anything. */
  shouldRetry?: boolean;
  /** Whether the same idempotency key gets the same error again. */
  isSaved?: boolean;
}

/** An error as Stripe words it: HTTP status, type, code and the parameter at fault. */
export class StripeApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error',
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = 'StripeApiError';
  }

  /** The body that Stripe would send. */
  body(): { error: Record<string, string> } {
    const { code, param, declineCode } = this.details;
    return {
      error: {
        ...(code && { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
        ...(declineCode && { decline_code: declineCode }),
        message: this.message,
        ...(param && { param }),
        type: this.type,
      },
    };
  }
}

/** 400: the request makes no sense. */
export const invalid = (message: string, param?: string, code?: string): StripeApiError =>
  new StripeApiError(400, 'invalid_request_error', message, { param, code });

/** 400: something that a parameter names doesn't exist. */
export const noSuch = (kind: string, id: string, param: string): StripeApiError =>
  invalid(`No such ${kind}: '${id}'`, param, 'resource_missing');

/** 404: what the path names doesn't exist. */
export const notFound = (kind: string, id: string, param = 'id'): StripeApiError =>
  new StripeApiError(404, 'invalid_request_error', `No such ${kind}: '${id}'`, { param, code: 'resource_missing' });

/** 402: the bank said no. */
export const cardDeclined = (): StripeApiError =>
  new StripeApiError(402, 'card_error', 'Your card was declined.', {
    code: 'card_declined',
    declineCode: 'generic_decline',
    isSaved: true,
  });
