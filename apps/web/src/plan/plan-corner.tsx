import { hrefOf, useRoute } from '../route.js';
import { session } from '../session.js';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { isConfirming } from './checkout.js';
import './plan.css';
import { planLabel } from './plan-label.js';
import { planStatus } from './plan-store.js';
import { QuotaBar } from './quota-bar.js';

/** Below the rooms: what is left of the day's messages, and who is logged in. */
export function PlanCorner() {
  const status = useStore(planStatus);
  const { page } = useRoute();
  return (
    <footer class="corner">
      {status !== null && status.quota.limit !== null && (
        <div class="corner-quota">
          <QuotaBar quota={status.quota} />
          <a class="small" href={hrefOf({ page: 'plan' })}>
            Go Pro
          </a>
        </div>
      )}
      <div class="corner-row">
        <AccountLink isShown={page === 'account'} />
        <PlanBadge isShown={page === 'plan'} />
      </div>
    </footer>
  );
}

function AccountLink({ isShown }: { isShown: boolean }) {
  const user = useStore(session)?.user;
  return (
    <a class="corner-account" href={hrefOf({ page: 'account' })} aria-current={isShown ? 'page' : undefined}>
      <span class="avatar" aria-hidden="true">
        {user?.name?.trim().charAt(0).toUpperCase() ?? <Icon name="user" size={16} />}
      </span>
      <span class="corner-name">{user?.name ?? user?.phone}</span>
      <span class="visually-hidden">: account</span>
    </a>
  );
}

function PlanBadge({ isShown }: { isShown: boolean }) {
  const status = useStore(planStatus);
  const confirming = useStore(isConfirming);
  if (status === null) return null;
  const text = confirming ? 'Confirming …' : planLabel(status.plan);
  return (
    <a
      class={status.quota.limit === null ? 'badge badge-accent plan-badge' : 'badge plan-badge'}
      href={hrefOf({ page: 'plan' })}
      aria-label={`Plan: ${text}`}
      aria-current={isShown ? 'page' : undefined}
    >
      {text}
    </a>
  );
}
