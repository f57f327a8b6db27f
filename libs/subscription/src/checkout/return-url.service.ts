import { type FieldError, ValidationFailedError } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import type { ReturnUrlRefusedError } from '../stripe/payment-gateway.errors.js';
import { CheckoutConfig } from './checkout.config.js';
import { originOfReturnUrl } from './return-url.js';

/** Where the user comes back to. */
export interface ReturnUrls {
  successUrl: string;
  cancelUrl: string;
}

/** Decides where Stripe may send users back to: a free choice would make the checkout an open redirect. */
@Injectable()
export class ReturnUrlService {
  private readonly logger = new Logger('Stripe');
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
        : [
            {
              pointer: `/${name}`,
              detail: `${name} must be an absolute http(s) URL of an allowed origin, in the characters of a URI`,
            },
          ],
    );
    if (errors.length > 0) throw new ValidationFailedError(errors);
    return {
      successUrl: asked.successUrl ?? this.config.CHECKOUT_SUCCESS_URL,
      cancelUrl: asked.cancelUrl ?? this.config.CHECKOUT_CANCEL_URL,
    };
  }

  /**
   * Whose fault it is that Stripe refuses an address: of who asked for it, or, for a default, of who configured it.
   *
   * @param refused which one it was
   * @returns what to tell the client
   */
  explain(refused: ReturnUrlRefusedError, asked: Partial<ReturnUrls>): Error {
    const { url: name } = refused;
    if (asked[name] !== undefined) {
      return new ValidationFailedError([{ pointer: `/${name}`, detail: `${name} is refused by the payment provider` }]);
    }
    this.logger.error(`Stripe refuses ${VARIABLES[name]}`);
    return refused;
  }

  private isAllowed(value: string): boolean {
    const origin = originOfReturnUrl(value);
    return origin !== null && this.origins.has(origin);
  }
}

const VARIABLES = { successUrl: 'CHECKOUT_SUCCESS_URL', cancelUrl: 'CHECKOUT_CANCEL_URL' } as const;
