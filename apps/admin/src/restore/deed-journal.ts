import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AuditEvent } from '@app/platform';
import { isUUID } from 'class-validator';

type AuditAction = AuditEvent['action'];

/** What people and operators did, of which a backup from before knows nothing. */
export interface JournalledDeeds {
  /** Users whose accounts were deleted. */
  erased: Set<string>;
  /** Rooms that were deleted, and whose they were. */
  deletedRooms: Map<string, string>;
  /** Shares that were revoked, and whose they were. */
  revokedShares: Map<string, string>;
  /** Users who were blocked, or let in again: what happened last. */
  blocked: Map<string, boolean>;
  /** How often operators did what is not repeated by itself. */
  others: Map<AuditAction, number>;
}

interface Deed {
  action: AuditAction;
  userId: string;
  at: string;
  chatroomId: unknown;
  shareId: unknown;
}

/** What only an operator can decide about: whether a grant or a changed quota still holds. */
const OTHERS: ReadonlySet<AuditAction> = new Set<AuditAction>(['plan_granted', 'plan_grant_revoked', 'quota_lowered']);

/**
 * Reads the deeds of the audit trail from log lines, in any order and among any other lines, with whatever a collector has put before
 * the JSON.
 *
 * @param path a file
 * @throws the file can't be read
 */
export async function readJournal(path: string): Promise<JournalledDeeds> {
  const deeds: Deed[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const deed = line.includes('"Audit"') ? parseDeed(line) : null;
    if (deed !== null) deeds.push(deed);
  }
  return sort(deeds);
}

/** @returns null for a line that tells of no deed of a user */
function parseDeed(line: string): Deed | null {
  try {
    const { context, action, userId, at, detail } = JSON.parse(line.slice(line.indexOf('{'))) as Record<
      string,
      unknown
    >;
    if (context !== 'Audit' || typeof action !== 'string' || !isUUID(userId) || typeof at !== 'string') return null;
    const { chatroomId, shareId } = (detail ?? {}) as { chatroomId?: unknown; shareId?: unknown };
    return { action: action as AuditAction, userId: userId as string, at, chatroomId, shareId };
  } catch {
    return null;
  }
}

/** Nothing: where there is no journal, and where one begins to be read. */
export const noDeeds = (): JournalledDeeds => ({
  erased: new Set(),
  deletedRooms: new Map(),
  revokedShares: new Map(),
  blocked: new Map(),
  others: new Map(),
});

function sort(deeds: Deed[]): JournalledDeeds {
  const sorted = noDeeds();
  deeds.sort((one, other) => (one.at < other.at ? -1 : 1));
  for (const { action, userId, chatroomId, shareId } of deeds) {
    if (action === 'account_deleted') sorted.erased.add(userId);
    if (action === 'chatroom_deleted' && isUUID(chatroomId)) sorted.deletedRooms.set(chatroomId as string, userId);
    if (action === 'share_revoked' && isUUID(shareId)) sorted.revokedShares.set(shareId as string, userId);
    if (action === 'account_blocked' || action === 'account_unblocked')
      sorted.blocked.set(userId, action === 'account_blocked');
    if (OTHERS.has(action)) sorted.others.set(action, (sorted.others.get(action) ?? 0) + 1);
  }
  return sorted;
}
