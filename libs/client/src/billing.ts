import type { Api } from './requests/api.js';
import type { ChatClient } from './types.js';
import { waitForPlan } from './waiting-for-plan.js';

/** What is paid for. Its requests may be repeated: many lead to one session that can be paid. */
export function billingOf(api: Api): ChatClient['billing'] {
  return {
    status: () => api.repeatable({ method: 'GET', path: '/subscription/status' }),
    subscribe: ({ plan = 'pro', ...choice } = {}) =>
      api.repeatable({
        method: 'POST',
        path: `/subscription/subscribe/${encodeURIComponent(plan)}`,
        body: choice,
      }),
    portal: () => api.repeatable({ method: 'POST', path: '/subscription/portal' }),
    waitFor: (plan, options) => waitForPlan(api, plan, options),
  };
}
