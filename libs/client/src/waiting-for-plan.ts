import type { Api } from './requests/api.js';
import { ChatError, isTransient, toChatError } from './errors.js';
import { pause } from './requests/pause.js';
import type { SubscriptionStatus } from './types.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 3_000;

/** How long it waits unless told otherwise. */
const TIMEOUT_MS = 60_000;

/** Asks for the plan until it is the one that is waited for. @throws ChatError `timeout` */
export async function waitForPlan(
  api: Api,
  plan: string,
  { timeoutMs = TIMEOUT_MS, signal }: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<SubscriptionStatus> {
  const endsAt = Date.now() + timeoutMs;
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 1.5, LONGEST_PAUSE_MS)) {
    const status = await readStatus(api, signal);
    if (status?.plan === plan) return status;
    if (Date.now() + waitMs > endsAt) throw new ChatError('timeout', `The plan has not become ${plan} in time`);
    await pause(waitMs, signal);
  }
}

/** @returns null when the API is away for the moment */
async function readStatus(api: Api, signal?: AbortSignal): Promise<SubscriptionStatus | null> {
  try {
    return await api.repeatable<SubscriptionStatus>({ method: 'GET', path: '/subscription/status', signal }, 1);
  } catch (error) {
    const failure = toChatError(error);
    if (failure.code === 'rate_limited' || isTransient(failure)) return null;
    throw failure;
  }
}
