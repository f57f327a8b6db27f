interface ErrorDetails {
  code?: string;
  param?: string;
  /** The value of the header `Stripe-Should-Retry`; undefined: no header. */
  shouldRetry?: boolean;
  /** Whether the same idempotency key gets the same error again. */
  isSaved?: boolean;
}

/** An error in Stripe's form: HTTP status, type, code and parameter. */
export class StripeApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: 'api_error' | 'idempotency_error' | 'invalid_request_error',
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = 'StripeApiError';
  }

  /** The body that Stripe would send. */
  body(): { error: Record<string, string> } {
    const { code, param } = this.details;
    return {
      error: {
        ...(code && { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
        message: this.message,
        ...(param && { param }),
        type: this.type,
      },
    };
  }
}

/** 400: the request is invalid. */
export const invalid = (message: string, param?: string, code?: string): StripeApiError =>
  new StripeApiError(400, 'invalid_request_error', message, { param, code });

/** 400: a parameter names something that doesn't exist. */
export const noSuch = (kind: string, id: string, param: string): StripeApiError =>
  invalid(`No such ${kind}: '${id}'`, param, 'resource_missing');

/** 404: the path names something that doesn't exist. */
export const notFound = (kind: string, id: string, param = 'id'): StripeApiError =>
  new StripeApiError(404, 'invalid_request_error', `No such ${kind}: '${id}'`, { param, code: 'resource_missing' });
