import type { SubscriptionStatus } from '@gemini-chat/client';
import { useEffect, useRef } from 'preact/hooks';
import { timeText } from '../ui/time.js';

/** How much of the day's messages is left. Nothing for a plan without a limit. */
export function QuotaBar({ quota }: { quota: SubscriptionStatus['quota'] }) {
  const { limit, used, remaining, resetsAt } = quota;
  if (limit === null || remaining === null) return null;
  return (
    <div class="quota">
      <p class="quota-text">
        <span>
          <strong>{remaining}</strong> of {limit} messages left today
        </span>
      </p>
      <Fill part={limit === 0 ? 1 : used / limit} isFull={remaining === 0} />
      <p class="muted small">Resets at {timeText(resetsAt)}</p>
    </div>
  );
}

/** The text beside it says the same, so screen readers pass over it. */
function Fill({ part, isFull }: { part: number; isFull: boolean }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (ref.current !== null) ref.current.style.width = `${Math.min(100, Math.max(0, part * 100))}%`;
  }, [part]);
  return (
    <div class={isFull ? 'meter meter-full' : 'meter'} aria-hidden="true">
      <div class="meter-fill" ref={ref} />
    </div>
  );
}
