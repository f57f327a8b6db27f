import type { InvoiceRecord, PortalSessionRecord, PriceRecord, SubscriptionRecord } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';
import { hasEnded } from '../account/subscriptions.js';
import { type Html, html, page } from '../../html.js';
import { button, day, link, money } from './elements.js';

/** The page of a customer's subscriptions and invoices. */
export function portalPage(state: StripeState, session: PortalSessionRecord): string {
  const all = state.subscriptionsOf(session.customer).reverse();
  const live = all.filter((subscription) => !hasEnded(subscription));
  const shown = live.length > 0 ? live : all.slice(0, 1);
  const invoices = all.flatMap(({ id }) => state.invoicesOf(id)).sort((a, b) => b.created - a.created);
  const body = html`
    ${shown.length === 0 && html`<p id="notice">No subscriptions yet.</p>`}
    ${shown.map((subscription, index) => subscriptionPart(state, session, subscription, index === 0))}
    <h2>Payment</h2>
    ${button('update-card', `/stripe/portal/${session.id}/update-card`, 'Use another card')}
    <h2>Invoices</h2>
    ${invoiceTable(state, invoices)} ${session.returnUrl !== null && link('return', session.returnUrl, 'Back')}
  `;
  return page('Your subscription', body);
}

/** The page of a session that is too old, or whose customer was deleted. */
export const closedPortalPage = (session: PortalSessionRecord): string =>
  page(
    'Your subscription',
    html`<p id="notice">This link has expired.</p>
      ${session.returnUrl !== null && link('return', session.returnUrl, 'Back')}`,
  );

function subscriptionPart(
  state: StripeState,
  session: PortalSessionRecord,
  subscription: SubscriptionRecord,
  isFirst: boolean,
): Html {
  const price = known(state.prices, subscription.price);
  const suffix = isFirst ? '' : `-${subscription.id}`;
  const act = (what: string, label: string, path = `${what}/${subscription.id}`) =>
    button(`${what}${suffix}`, `/stripe/portal/${session.id}/${path}`, label);
  const buttons =
    subscription.cancelAt === null
      ? html`${otherPrices(state, subscription).map((other) =>
          act(`switch-to-${other.id}`, switchLabel(state, other), `switch/${subscription.id}/${other.id}`),
        )}
        ${act('cancel-at-period-end', 'Cancel when the period ends')} ${act('cancel-now', 'Cancel now')}`
      : html`${act('resume', 'Don’t cancel')} ${act('cancel-now', 'Cancel now')}`;
  return html`
    <h2>${known(state.products, price.product).name}</h2>
    <p>
      <strong id="subscription-status${suffix}">${subscription.status}</strong>,
      ${money(price.unitAmount * subscription.quantity, price.currency)} per ${price.interval}
    </p>
    <p id="subscription-end${suffix}">${endOf(subscription)}</p>
    ${!hasEnded(subscription) && buttons}
  `;
}

const otherPrices = (state: StripeState, { price }: SubscriptionRecord): PriceRecord[] =>
  [...state.prices.values()].filter(({ id }) => id !== price);

const switchLabel = (state: StripeState, { product, unitAmount, currency, interval }: PriceRecord): string =>
  `Switch to ${known(state.products, product).name}, ${money(unitAmount, currency)} per ${interval}`;

function endOf({ endedAt, cancelAt, periodEnd }: SubscriptionRecord): string {
  if (endedAt !== null) return `Ended on ${day(endedAt)}`;
  return cancelAt === null ? `Renews on ${day(periodEnd)}` : `Ends on ${day(cancelAt)}`;
}

const invoiceTable = (state: StripeState, invoices: InvoiceRecord[]): Html => html`
  <table id="invoices">
    <tr>
      <th>Date</th>
      <th>Number</th>
      <th>Amount</th>
      <th>Status</th>
    </tr>
    ${invoices.map((invoice) => invoiceRow(state, invoice))}
  </table>
`;

function invoiceRow(state: StripeState, invoice: InvoiceRecord): Html {
  const { currency } = known(state.prices, invoice.price);
  return html`<tr>
    <td>${day(invoice.created)}</td>
    <td>${invoice.number ?? '–'}</td>
    <td>${money(invoice.amount, currency)}</td>
    <td>${invoice.status}</td>
  </tr>`;
}
