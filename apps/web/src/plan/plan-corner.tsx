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
  const known = useStore(session);
  const confirming = useStore(isConfirming);
  const { page } = useRoute();
  const name = known?.user.name ?? known?.user.phone ?? '';
  const current = (of: string) => (page === of ? 'page' : undefined);
  return (
    <footer class="corner">
      {status !== null && status.quota.limit !== null && (
        <div class="corner-quota">
          <QuotaBar quota={status.quota} />
          <a class="small" href={hrefOf({ page: 'plan' })} aria-current={current('plan')}>
            Go Pro
          </a>
        </div>
      )}
      <p class="visually-hidden" role="status">
        {status !== null && `Your plan is ${planLabel(status.plan)}`}
      </p>
      <div class="corner-row">
        <a class="corner-account" href={hrefOf({ page: 'account' })} aria-current={current('account')}>
          <span class="avatar" aria-hidden="true">
            {known?.user.name?.trim().charAt(0).toUpperCase() ?? <Icon name="user" size={16} />}
          </span>
          <span class="corner-name">{name}</span>
          <span class="visually-hidden">: account</span>
        </a>
        <a
          class={status !== null && status.quota.limit === null ? 'badge badge-accent plan-badge' : 'badge plan-badge'}
          href={hrefOf({ page: 'plan' })}
          aria-label={confirming ? 'Plan: confirming' : `Plan: ${planLabel(status?.plan ?? 'basic')}`}
        >
          {confirming ? 'Confirming …' : planLabel(status?.plan ?? 'basic')}
        </a>
      </div>
    </footer>
  );
}
