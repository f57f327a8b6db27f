import type { Quota, SubscriptionStatus } from '@gemini-chat/client';
import { client } from '../client.js';
import { createStore } from '../ui/store.js';

/** The plan and today's quota; null until it is known. */
export const planStatus = createStore<SubscriptionStatus | null>(null);

/** Reads plan and quota anew. Without an answer the last one stays. */
export async function loadPlan(): Promise<void> {
  try {
    planStatus.set(await client.billing.status());
  } catch {
    // The bar isn't worth a message of its own: whatever the user does next tells what is wrong.
  }
}

/** To be called with what the answer to a message tells of the quota. */
export function noteQuota(quota: Quota): void {
  const status = planStatus.get();
  if (status === null) return;
  const { limit, remaining, resetsAt } = quota;
  const used = Math.max(0, limit - remaining);
  planStatus.set({ ...status, quota: { limit, remaining, used, resetsAt: resetsAt.toISOString() } });
}
