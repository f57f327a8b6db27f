import { isChatError } from '@gemini-chat/client';
import { client } from '../client.js';
import { announce } from '../tabs.js';
import { notify, notifyError } from '../ui/notices.js';
import { createStore } from '../ui/store.js';
import { loadPlan } from './plan-store.js';

/** What is remembered over the visit to the payment page. */
interface Visit {
  plan: string;
  /** Where the user was. */
  hash: string;
}

const KEY = 'gemini-chat-checkout';
const WEBHOOK_TIMEOUT_MS = 30_000;

/** The user has paid, and we wait for Stripe to tell the API. */
export const isConfirming = createStore(false);

/** Leads to the payment page. */
export async function goToCheckout(plan: string, interval: 'month' | 'year' = 'month'): Promise<void> {
  const backAt = (outcome: string): string => `${location.origin}/?checkout=${outcome}`;
  const { checkoutUrl } = await client.billing.subscribe({
    plan,
    interval,
    successUrl: backAt('success'),
    cancelUrl: backAt('cancelled'),
  });
  const visit: Visit = { plan, hash: location.hash };
  sessionStorage.setItem(KEY, JSON.stringify(visit));
  location.assign(checkoutUrl);
}

/** Leads to the page of cards, invoices and cancelling. */
export async function goToPortal(): Promise<void> {
  const { url } = await client.billing.portal();
  location.assign(url);
}

/** When the address says that the user comes from the payment page: goes on where they were, and waits for the plan. */
export async function returnFromCheckout(): Promise<void> {
  const outcome = new URLSearchParams(location.search).get('checkout');
  if (outcome === null) return;
  const { plan, hash } = readVisit();
  history.replaceState(null, '', `/${hash}`);
  dispatchEvent(new HashChangeEvent('hashchange'));
  if (outcome !== 'success') return notify('Nothing was paid.');
  isConfirming.set(true);
  try {
    await client.billing.waitFor(plan, { timeoutMs: WEBHOOK_TIMEOUT_MS });
    notify('Thank you! Your new plan is active.');
  } catch (error) {
    if (!isChatError(error) || error.code !== 'timeout') return notifyError(error);
    notify('The payment is not confirmed yet. Your plan changes as soon as it is.');
  } finally {
    isConfirming.set(false);
    await loadPlan();
    announce({ what: 'plan' });
  }
}

function readVisit(): Visit {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return stored === null ? { plan: 'pro', hash: '#/plan' } : (JSON.parse(stored) as Visit);
}
