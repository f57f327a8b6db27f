import type { CheckoutSessionRecord } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';
import { html, page } from '../../html.js';
import { button, link, money } from './elements.js';

/** The page of an open session. */
export function checkoutPage(state: StripeState, session: CheckoutSessionRecord, wasDeclined: boolean): string {
  const price = known(state.prices, session.price);
  const { name } = known(state.products, price.product);
  const action = (what: string) => `/stripe/checkout/${session.id}/${what}`;
  const body = html`
    <p>
      <strong id="amount">${money(price.unitAmount * session.quantity, price.currency)}</strong>
      per month
    </p>
    ${wasDeclined && html`<p id="error" role="alert">Your card was declined. Try another one.</p>`}
    ${button('pay', action('pay'), 'Pay and subscribe', true)}
    ${button('decline', action('decline'), 'Pay with a card that is declined')}
    ${session.cancelUrl !== null && link('abandon', session.cancelUrl, 'Back to the shop')}
  `;
  return page(`Subscribe to ${name}`, body);
}

/** The page of a session that can't be paid any more. */
export function closedCheckoutPage(session: CheckoutSessionRecord, reason: string): string {
  const back = session.status === 'complete' ? successUrl(session) : (session.cancelUrl ?? successUrl(session));
  return page(
    'Checkout',
    html`<p id="notice">${reason}</p>
      ${link('return', back, 'Back to the shop')}`,
  );
}

/** The page of the shop that the browser is sent to after payment. */
export const successUrl = (session: CheckoutSessionRecord): string =>
  session.successUrl.replaceAll('{CHECKOUT_SESSION_ID}', session.id);
