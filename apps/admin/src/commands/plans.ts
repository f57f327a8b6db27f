import { AuditTrail, Clock } from '@app/platform';
import { DEFAULT_PLAN, PlanCatalogue, PlanGrantStore, PlanStore, QuotaLedgerStore } from '@app/subscription';
import { type Command, type CommandContext, CommandError, numberOf, textOf } from '../command-line/command.js';
import { fieldsReport, type Report } from '../command-line/report.js';
import { userOf } from './found.js';

const DAY_MS = 86_400_000;
const MAX_DAYS = 3_650;
const MAX_MESSAGES = 1_000_000;

/** When a grant ends. @throws CommandError unless one of the two options says so */
function endOf({ options, app }: CommandContext): Date {
  const now = app.get(Clock).now();
  const days = numberOf(options, 'days', MAX_DAYS);
  const until = textOf(options, 'until');
  if ((days === null) === (until === null)) throw new CommandError('usage', 'Say either --days N or --until DATE.');
  const end = days === null ? new Date(until!) : new Date(now.getTime() + days * DAY_MS);
  if (Number.isNaN(end.getTime()) || end <= now || end.getTime() > now.getTime() + MAX_DAYS * DAY_MS)
    throw new CommandError('usage', '--until takes a date to come, such as 2027-01-31 or 2027-01-31T12:00:00Z.');
  return end;
}

async function grant(context: CommandContext): Promise<Report> {
  const { app, operator, parameters } = context;
  const plan = parameters[1] ?? '';
  const catalogue = app.get(PlanCatalogue, { strict: false });
  if (plan === DEFAULT_PLAN || catalogue.find(plan) === null) {
    const names = catalogue.plans.map(({ name }) => name).filter((name) => name !== DEFAULT_PLAN);
    throw new CommandError('usage', `There is no such plan to grant; there are: ${names.join(', ')}.`);
  }
  const expiresAt = endOf(context);
  const { id } = await userOf(context);
  await app.get(PlanGrantStore, { strict: false }).grant(id, { plan, expiresAt, grantedAt: app.get(Clock).now() });
  const detail = { operator, plan, until: expiresAt.toISOString() };
  await app.get(AuditTrail).write({ action: 'plan_granted', userId: id, detail });
  const counting = await app.get(PlanStore, { strict: false }).planOf(id);
  return fieldsReport({ user: id, grant: plan, until: expiresAt, 'plan that counts': counting.name });
}

async function revoke(context: CommandContext): Promise<Report> {
  const { app, operator } = context;
  const { id } = await userOf(context);
  const revoked = await app.get(PlanGrantStore, { strict: false }).revoke(id);
  if (revoked === null) throw new CommandError('notPossible', 'The user has no grant.');
  const detail = { operator, plan: revoked.plan };
  await app.get(AuditTrail).write({ action: 'plan_grant_revoked', userId: id, detail });
  const counting = await app.get(PlanStore, { strict: false }).planOf(id);
  return fieldsReport({ user: id, revoked: revoked.plan, 'plan that counts': counting.name });
}

async function quota(context: CommandContext): Promise<Report> {
  const { app, operator, options } = context;
  const messages = numberOf(options, 'add', MAX_MESSAGES);
  const isReset = options['reset'] === true;
  if (isReset && messages !== null) throw new CommandError('usage', 'Say either --reset or --add N.');
  const { id } = await userOf(context);
  const ledger = app.get(QuotaLedgerStore, { strict: false });
  if (isReset || messages !== null) {
    const { before, after } = await ledger.lower(id, isReset ? null : messages);
    const detail = { operator, before, after };
    await app.get(AuditTrail).write({ action: 'quota_lowered', userId: id, detail });
  }
  const { plan, limit, used } = await ledger.read(id);
  return fieldsReport({ user: id, plan, limit, used, remaining: limit === null ? null : Math.max(0, limit - used) });
}

/** What users may do. */
export const PLAN_COMMANDS: readonly Command[] = [
  {
    name: 'user grant-plan',
    parameters: ['id', 'plan'],
    summary: 'Give a user a plan for a while, whatever Stripe says.',
    explanation:
      'The higher of the grant and what the user pays for counts. It replaces an earlier grant, and no synchronisation with Stripe touches it.',
    options: {
      days: { value: 'N', meaning: 'For so many days from now.' },
      until: { value: 'DATE', meaning: 'Until a date (UTC) or an instant.' },
    },
    changes: 'something',
    run: grant,
  },
  {
    name: 'user revoke-grant',
    parameters: ['id'],
    summary: 'End the plan that was granted to a user.',
    changes: 'something',
    run: revoke,
  },
  {
    name: 'user quota',
    parameters: ['id'],
    summary: 'Show today’s messages of a user, and let some of them not count.',
    explanation: 'What counts never falls below 0. To allow more than the plan does, grant another plan.',
    options: {
      reset: { value: null, meaning: 'None of today’s messages counts.' },
      add: { value: 'N', meaning: 'So many of today’s messages do not count.' },
    },
    changes: 'something',
    changesWith: ['reset', 'add'],
    run: quota,
  },
];
