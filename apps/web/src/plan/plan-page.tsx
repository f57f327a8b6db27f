import type { Plan } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { FieldError } from '../ui/field-error.js';
import { Header } from '../ui/header.js';
import { Icon } from '../ui/icon.js';
import { notifyError } from '../ui/notices.js';
import { useStore } from '../ui/store.js';
import { momentText } from '../ui/time.js';
import { useAction } from '../ui/use-action.js';
import { goToCheckout, goToPortal, isConfirming } from './checkout.js';
import './plan.css';
import { planLabel } from './plan-label.js';
import { loadPlan, planStatus } from './plan-store.js';
import { QuotaBar } from './quota-bar.js';
import { UsageCard } from './usage-card.js';

/** The plan, what is left of it, what else is on offer, and what was used. */
export function PlanPage() {
  useEffect(() => void loadPlan(), []);
  return (
    <>
      <Header title="Plan and usage" />
      <div class="view">
        <div class="view-inner">
          <CurrentPlan />
          <Offers />
          <UsageCard />
        </div>
      </div>
    </>
  );
}

function CurrentPlan() {
  const status = useStore(planStatus);
  const confirming = useStore(isConfirming);
  const portal = useAction(goToPortal);
  if (status === null) return <p class="muted">Loading …</p>;
  const { plan, quota, currentPeriodEnd, cancelAtPeriodEnd } = status;
  return (
    <section class="card" aria-labelledby="current-plan">
      <div class="row row-apart">
        <h2 id="current-plan">
          Your plan: {planLabel(plan)} {confirming && <span class="badge badge-success">Payment received</span>}
        </h2>
        {status.status !== 'none' && (
          <button type="button" class="button" disabled={portal.busy} onClick={() => portal.run()}>
            Card, invoices, cancelling
            <Icon name="external" size={16} />
          </button>
        )}
      </div>
      {quota.limit === null ? (
        <p>
          No daily limit. <span class="muted">You have sent {quota.used} today.</span>
        </p>
      ) : (
        <QuotaBar quota={quota} />
      )}
      {currentPeriodEnd !== null && (
        <p class="muted">
          {cancelAtPeriodEnd ? 'Cancelled; it ends on' : 'Renews on'} {momentText(currentPeriodEnd)}.
        </p>
      )}
      <FieldError text={portal.error} />
    </section>
  );
}

/** Plans that can be bought. Who has one changes it on the payment provider's page. */
function Offers() {
  const status = useStore(planStatus);
  const [plans, setPlans] = useState<Plan[]>([]);
  useEffect(() => {
    client.plans().then(setPlans, notifyError);
  }, []);
  const isFree = plans.find(({ plan }) => plan === status?.plan)?.prices.length === 0;
  if (!isFree) return null;
  return (
    <>
      {plans
        .filter(({ prices }) => prices.length > 0)
        .map((plan) => (
          <Offer key={plan.plan} offer={plan} />
        ))}
    </>
  );
}

function Offer({ offer }: { offer: Plan }) {
  const buy = useAction((interval: 'month' | 'year') => goToCheckout(offer.plan, interval));
  const limit = offer.dailyMessages;
  return (
    <section class="card offer" aria-labelledby={`offer-${offer.plan}`}>
      <h2 id={`offer-${offer.plan}`}>{offer.label}</h2>
      <ul class="offer-points">
        {[
          limit === null ? 'No daily limit' : `${limit} messages a day`,
          'Longer replies, and more of the conversation in mind',
          'More replies at the same time',
        ].map((point) => (
          <li key={point}>
            <Icon name="check" size={17} />
            {point}
          </li>
        ))}
      </ul>
      <FieldError text={buy.error} />
      <div class="row">
        {offer.prices.map(({ interval }) => (
          <button
            type="button"
            key={interval}
            class="button button-primary"
            disabled={buy.busy}
            onClick={() => buy.run(interval)}
          >
            {offer.prices.length === 1 ? `Go ${offer.label}` : `Pay by the ${interval}`}
          </button>
        ))}
      </div>
    </section>
  );
}
