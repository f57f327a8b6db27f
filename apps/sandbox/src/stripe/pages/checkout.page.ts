import type { CheckoutSessionRecord } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';
import { type Html, html, page } from '../../html.js';
import { button, link, money } from './elements.js';

/** What the page said no to: a card that was declined, or a promotion code that is unknown. */
export type Refusal = 'card' | 'code';

const REFUSALS: Record<Refusal, string> = {
  card: 'Your card was declined. Try another one.',
  code: 'This code is invalid.',
};

/** The page of an open session. */
export function checkoutPage(state: StripeState, session: CheckoutSessionRecord, refused: Refusal | null): string {
  const price = known(state.prices, session.price);
  const { name } = known(state.products, price.product);
  const action = (what: string) => `/stripe/checkout/${session.id}/${what}`;
  const body = html`
    <p>
      <strong id="amount">${money(price.unitAmount * session.quantity, price.currency)}</strong>
      per ${price.interval}
    </p>
    ${session.trialDays > 0 && html`<p id="trial">${session.trialDays} days free, then the price above.</p>`}
    ${
      session.discount !== null &&
      html`<p id="discount">−${money(session.discount.amount, price.currency)} the first time</p>`
    }
    ${refused !== null && html`<p id="error" role="alert">${REFUSALS[refused]}</p>`}
    ${session.allowPromotionCodes === true && promotionCodeField(action('promotion-code'))}
    ${button('pay', action('pay'), 'Pay and subscribe', true)}
    ${button('decline', action('decline'), 'Pay with a card that is declined')}
    ${session.cancelUrl !== null && link('abandon', session.cancelUrl, 'Back to the shop')}
  `;
  return page(`Subscribe to ${name}`, body);
}

const promotionCodeField = (action: string): Html => html`
  <form method="post" action="${action}">
    <button id="apply-code">Apply</button>
    <input id="promotion-code" name="code" placeholder="Promotion code" aria-label="Promotion code" />
  </form>
`;

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
