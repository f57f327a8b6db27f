import { type FieldError, ValidationFailedError } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { CheckoutConfig } from './checkout.config.js';

/** Where the user comes back to. */
export interface ReturnUrls {
  successUrl: string;
  cancelUrl: string;
}

/** Decides where Stripe may send users back to: a free choice would make the checkout an open redirect. */
@Injectable()
export class ReturnUrlService {
  private readonly origins: ReadonlySet<string>;

  constructor(private readonly config: CheckoutConfig) {
    this.origins = new Set(config.CHECKOUT_ALLOWED_ORIGINS.map((origin) => new URL(origin).origin));
  }

  /**
   * Fills in the defaults.
   *
   * @throws ValidationFailedError naming each URL of an origin that isn't allowed
   */
  check(asked: Partial<ReturnUrls>): ReturnUrls {
    const errors = (['successUrl', 'cancelUrl'] as const).flatMap((name): FieldError[] =>
      asked[name] === undefined || this.isAllowed(asked[name])
        ? []
        : [{ pointer: `/${name}`, detail: `${name} must be an http(s) URL of an allowed origin` }],
    );
    if (errors.length > 0) throw new ValidationFailedError(errors);
    return {
      successUrl: asked.successUrl ?? this.config.CHECKOUT_SUCCESS_URL,
      cancelUrl: asked.cancelUrl ?? this.config.CHECKOUT_CANCEL_URL,
    };
  }

  private isAllowed(value: string): boolean {
    // Browsers read a backslash as a slash and skip line breaks, and other parsers don't, so such a URL is ambiguous.
    // eslint-disable-next-line no-control-regex -- control characters are what must be kept out
    if (!URL.canParse(value) || !value.isWellFormed() || /[\s\\\u0000-\u001f\u007f]/.test(value)) return false;
    const { origin, username, password } = new URL(value);
    // Other schemes have the origin "null"; names and passwords in front of a host are a phishing technique.
    return this.origins.has(origin) && username === '' && password === '';
  }
}
