import { AccountBlockService, AccountErasureService, PhoneNumberService, SessionRevocationService } from '@app/auth';
import { ReplyCancellationService, ReplyInspectionStore } from '@app/chatroom';
import { AuditTrail } from '@app/platform';
import { PlanGrantStore, SubscriptionStatusService } from '@app/subscription';
import { isUUID } from 'class-validator';
import { type Command, type CommandContext, CommandError, textOf } from '../command-line/command.js';
import { fieldsReport, type Report, tableOf } from '../command-line/report.js';
import { type UserOverview, UserOverviewStore } from '../stores/user-overview.store.js';
import { masked, userOf } from './found.js';

/** How many of the user's replies are shown. */
const REPLIES = 10;

const SHOW_PHONE = { 'show-phone': { value: null, meaning: 'Show the whole phone number.' } } as const;
/** A reason is a word for the trail, not a text about a person. */
const REASON = /^[a-z][a-z0-9_-]{0,39}$/;

const shown = (user: UserOverview, { options }: CommandContext) => ({
  ...user,
  phone: options['show-phone'] === true ? user.phone : masked(user.phone),
});

async function find(context: CommandContext): Promise<Report> {
  const [text = ''] = context.parameters;
  const users = context.app.get(UserOverviewStore);
  const phone = context.app.get(PhoneNumberService, { strict: false }).parse(text);
  if (!isUUID(text) && phone === null) throw new CommandError('usage', 'That is neither an id nor a phone number.');
  const user = isUUID(text) ? await users.findById(text) : await users.findByPhone(phone!.number);
  if (user === null) throw new CommandError('notFound', 'There is no such user.');
  return fieldsReport(shown(user, context));
}

async function show(context: CommandContext): Promise<Report> {
  const { app } = context;
  const user = await userOf(context);
  const users = app.get(UserOverviewStore);
  const [plan, grant, sessions, rooms, replies] = await Promise.all([
    app.get(SubscriptionStatusService, { strict: false }).read(user.id),
    app.get(PlanGrantStore, { strict: false }).find(user.id),
    users.sessions(user.id),
    users.rooms(user.id),
    app.get(ReplyInspectionStore, { strict: false }).lastOf(user.id, REPLIES),
  ]);
  const account = shown(user, context);
  const limit = plan.quota.limit ?? 'no limit';
  return {
    data: { ...account, subscription: plan, grant, sessions, rooms, replies },
    sections: [
      {
        title: null,
        fields: {
          ...account,
          plan: plan.plan,
          stripe: plan.status,
          grant: grant === null ? null : `${grant.plan} until ${grant.expiresAt.toISOString()}`,
          'messages today': `${plan.quota.used} of ${limit}`,
          rooms,
        },
      },
      tableOf('Sessions', sessions, {
        ID: ({ id }) => id,
        CREATED: ({ createdAt }) => createdAt,
        'LAST USED': ({ lastUsedAt }) => lastUsedAt,
      }),
      tableOf('Last replies', replies, {
        ID: ({ id }) => id,
        STATUS: ({ status }) => status,
        ATTEMPT: ({ attempt }) => attempt,
        CREATED: ({ createdAt }) => createdAt,
        ERROR: ({ errorCode, lastFailure }) => errorCode ?? lastFailure,
      }),
    ],
  };
}

async function block(context: CommandContext): Promise<Report> {
  const { app, options, operator } = context;
  const reason = textOf(options, 'reason');
  if (reason !== null && !REASON.test(reason))
    throw new CommandError('usage', 'A reason is one word of small letters, digits, - and _, such as "spam".');
  const { id } = await userOf(context);
  const detail = { operator, ...(reason === null ? {} : { reason }) };
  const sessions = await app.get(AccountBlockService, { strict: false }).block(id, detail);
  // After the sessions, so that no further one is sent meanwhile.
  await app.get(ReplyCancellationService, { strict: false }).cancelAll(id, null);
  return fieldsReport({ user: id, blocked: true, 'sessions ended': sessions });
}

async function unblock(context: CommandContext): Promise<Report> {
  const { id } = await userOf(context);
  const { app, operator } = context;
  const wasBlocked = await app.get(AccountBlockService, { strict: false }).unblock(id, { operator });
  if (!wasBlocked) throw new CommandError('notPossible', 'The user is not blocked.');
  return fieldsReport({ user: id, blocked: false });
}

async function endSessions(context: CommandContext): Promise<Report> {
  const { app, operator } = context;
  const { id } = await userOf(context);
  const sessions = await app.get(SessionRevocationService, { strict: false }).revokeAll(id);
  await app.get(AuditTrail).write({ action: 'sessions_ended', userId: id, detail: { operator, sessions } });
  return fieldsReport({ user: id, 'sessions ended': sessions });
}

async function erase(context: CommandContext): Promise<Report> {
  const { id } = await userOf(context);
  const { app, operator } = context;
  await app.get(AccountErasureService, { strict: false }).erase(id, { operator });
  return fieldsReport({ user: id, erased: true });
}

/** What concerns accounts. */
export const USER_COMMANDS: readonly Command[] = [
  {
    name: 'user find',
    parameters: ['phone|id'],
    summary: 'Find a user by the phone number, as people write it, or by the id.',
    options: SHOW_PHONE,
    changes: 'nothing',
    run: find,
  },
  {
    name: 'user show',
    parameters: ['id'],
    summary: 'Show plan, quota, sessions, rooms and the last replies of a user; no texts.',
    options: SHOW_PHONE,
    changes: 'nothing',
    run: show,
  },
  {
    name: 'user block',
    parameters: ['id'],
    summary: 'Keep a user out: no login, all sessions end, unfinished replies are cancelled.',
    explanation:
      'The user’s tokens are refused by every replica at once (401), and codes are neither sent nor accepted, as for a number without an account. A subscription goes on: cancel it at Stripe.',
    options: { reason: { value: 'CODE', meaning: 'One word for the audit trail, such as "spam".' } },
    changes: 'drastic',
    run: block,
  },
  {
    name: 'user unblock',
    parameters: ['id'],
    summary: 'Let a blocked user log in again.',
    changes: 'something',
    run: unblock,
  },
  {
    name: 'user end-sessions',
    parameters: ['id'],
    summary: 'End all sessions of a user, on every replica at once. The user may log in again.',
    changes: 'drastic',
    run: endSessions,
  },
  {
    name: 'user erase',
    parameters: ['id'],
    summary: 'Delete an account with everything in it, for good, as DELETE /user/me does.',
    explanation: 'The customer is deleted at Stripe, too, which ends a subscription. Needs Redis.',
    changes: 'drastic',
    run: erase,
  },
];
