import { AccountBlockService, AccountErasureService, SessionRevocationService } from '@app/auth';
import { RoomDeletionService, ShareService } from '@app/chatroom';
import { AuditTrail } from '@app/platform';
import { SubscriptionStore } from '@app/subscription';
import { type Command, type CommandContext, CommandError } from '../command-line/command.js';
import { fieldsReport, type Report } from '../command-line/report.js';
import { type JournalledDeeds, noDeeds, readJournal } from '../restore/deed-journal.js';
import { UserOverviewStore } from '../stores/user-overview.store.js';

/** In place of a file, where there is none. */
const NO_JOURNAL = 'none';

async function finish(context: CommandContext): Promise<Report> {
  const { app, parameters, options, operator } = context;
  const deeds = await deedsOf(parameters[0] ?? '');
  const revocations = app.get(SessionRevocationService, { strict: false });
  const done = {
    'sessions ended': options['keep-sessions'] === true ? 0 : await revocations.revokeEverySession(),
    'accounts deleted again': await eraseAgain(context, deeds),
    'rooms deleted again': await deleteRoomsAgain(context, deeds),
    'shares revoked again': await revokeSharesAgain(context, deeds),
    'users blocked or let in again': await blockAgain(context, deeds),
  };
  await app.get(SubscriptionStore, { strict: false }).scheduleSyncOfAll();
  await app.get(AuditTrail).write({ action: 'restore_finished', userId: null, detail: { operator, ...done } });
  const others = [...deeds.others].map(([action, count]) => `${count} × ${action}`).join(', ');
  return fieldsReport({
    ...done,
    'customers synchronised with Stripe': 'within an hour',
    'to be repeated by hand, from "audit" of the log': others === '' ? null : others,
  });
}

/** @throws CommandError when the file can't be read */
async function deedsOf(path: string): Promise<JournalledDeeds> {
  if (path === NO_JOURNAL) return noDeeds();
  try {
    return await readJournal(path);
  } catch (error) {
    throw new CommandError('usage', `The journal can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
  }
}

async function eraseAgain({ app, operator }: CommandContext, { erased }: JournalledDeeds): Promise<number> {
  let count = 0;
  for (const userId of erased) {
    if ((await app.get(UserOverviewStore).findById(userId)) === null) continue;
    await app.get(AccountErasureService, { strict: false }).erase(userId, { operator, restored: true });
    count++;
  }
  return count;
}

async function revokeSharesAgain({ app }: CommandContext, { revokedShares }: JournalledDeeds): Promise<number> {
  let count = 0;
  for (const [shareId, userId] of revokedShares) {
    if (await app.get(ShareService, { strict: false }).revokeIfThere(userId, shareId)) count++;
  }
  return count;
}

async function deleteRoomsAgain({ app }: CommandContext, { deletedRooms }: JournalledDeeds): Promise<number> {
  let count = 0;
  for (const [chatroomId, userId] of deletedRooms) {
    if (await app.get(RoomDeletionService, { strict: false }).deleteIfThere(userId, chatroomId)) count++;
  }
  return count;
}

async function blockAgain({ app, operator }: CommandContext, { blocked }: JournalledDeeds): Promise<number> {
  const blocks = app.get(AccountBlockService, { strict: false });
  let count = 0;
  for (const [userId, isBlocked] of blocked) {
    const user = await app.get(UserOverviewStore).findById(userId);
    if (user === null || (user.blockedAt !== null) === isBlocked) continue;
    if (isBlocked) await blocks.block(userId, { operator, restored: true });
    else await blocks.unblock(userId, { operator, restored: true });
    count++;
  }
  return count;
}

/** What has to follow a restore from a backup. */
export const RESTORE_COMMANDS: readonly Command[] = [
  {
    name: 'restore finish',
    parameters: ['journal'],
    summary:
      'After a restore from a backup, before the API runs: repeat deletions and blocks, end all sessions, ask Stripe for all plans.',
    explanation:
      'The journal is a file with the lines of the API’s log since before the backup was made, or "none" where there are none: what people deleted after the backup is then there again. docs/backup.md has the whole way. May be repeated.',
    options: {
      'keep-sessions': {
        value: null,
        meaning: 'Only where nothing that had been committed is missing: leave everyone logged in.',
      },
    },
    changes: 'drastic',
    run: finish,
  },
];
