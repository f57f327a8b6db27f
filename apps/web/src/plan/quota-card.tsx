import type { ChatError } from '@gemini-chat/client';
import { useEffect, useId, useMemo } from 'preact/hooks';
import { hrefOf } from '../route.js';
import { waitText } from '../ui/error-text.js';
import { FieldError } from '../ui/field-error.js';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { timeText } from '../ui/time.js';
import { useAction } from '../ui/use-action.js';
import { goToCheckout } from './checkout.js';
import './plan.css';
import { loadPlan, planStatus } from './plan-store.js';

/** What `daily_quota_exceeded` means, when it ends, and how to go on at once. */
export function QuotaCard({ error }: { error: ChatError }) {
  const status = useStore(planStatus);
  const titleId = useId();
  const pay = useAction(() => goToCheckout('pro'));
  useEffect(() => void loadPlan(), []);
  const limit = status?.quota.limit ?? null;
  const { retryAfter } = error;
  // Once, since the seconds count from when the message was refused.
  const endsAt = useMemo(() => (retryAfter === null ? null : Date.now() + retryAfter * 1_000), [error]);
  return (
    <section class="quota-card" aria-labelledby={titleId}>
      <h3 id={titleId}>Today’s messages are used up</h3>
      <p>
        {limit === null ? 'Your plan has' : `Your plan has ${limit}`} messages a day. This one was not sent and costs
        nothing.{' '}
        {endsAt !== null && (
          <>
            You can go on in {waitText(Math.ceil((endsAt - Date.now()) / 1_000))}, at{' '}
            <strong>{timeText(new Date(endsAt))}</strong>, or at once with Pro, which has no daily limit.
          </>
        )}
      </p>
      <FieldError text={pay.error} />
      <div class="row">
        <button type="button" class="button button-primary" disabled={pay.busy} onClick={() => pay.run()}>
          <Icon name="spark" size={17} />
          Go Pro
        </button>
        <a class="button button-quiet" href={hrefOf({ page: 'plan' })}>
          Plans and usage
        </a>
      </div>
    </section>
  );
}
