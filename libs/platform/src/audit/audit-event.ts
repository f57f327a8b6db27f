/** What is traced. The detail holds names, numbers and ids of our own only: no text, name, phone number, code or token. */
type AuditAction =
  /** Somebody has logged in. */
  | 'login'
  /** A code was wrong, too late or tried too often. */
  | 'login_refused'
  /** A session's owner has ended it by logging out. */
  | 'logout'
  /** A session's owner has ended it, or all others, from the list. */
  | 'session_ended'
  /** A refresh token came a second time within the grace. */
  | 'refresh_repeated'
  /** A refresh token came a second time too late, and its session was ended. */
  | 'refresh_reused'
  /** A request was over a limit: of rate, of codes, of the day. */
  | 'limit_reached'
  | 'account_exported'
  | 'account_deleted'
  | 'chatroom_deleted'
  /** A link to a conversation was made, or ended: the detail's `shareId` is no part of the link. */
  | 'chatroom_shared'
  | 'share_revoked'
  /** Stripe's state led to another plan. */
  | 'plan_changed'
  /** An operator has done it: the detail's `operator` says who. `account_deleted` may be one's, too. */
  | OperatorAction;

/** Deeds of operators, by their command line. */
type OperatorAction =
  | 'account_blocked'
  | 'account_unblocked'
  | 'sessions_ended'
  | 'plan_granted'
  | 'plan_grant_revoked'
  | 'quota_lowered'
  | 'reply_retried'
  | 'reply_cancelled'
  | 'model_resumed'
  | 'maintenance_began'
  | 'maintenance_ended'
  | 'restore_finished';

/** One deed. The request's id and the keyed hash of its address are added from the request's context. */
export interface AuditEvent {
  action: AuditAction;
  /** Whose deed it is; null when that is not known. */
  userId: string | null;
  sessionId?: string;
  detail?: Readonly<Record<string, string | number | boolean | null>>;
}

/** An event with all that is stored of it. */
export interface AuditEntry extends AuditEvent {
  id: string;
  /** ISO 8601. */
  at: string;
  requestId?: string;
  /** In hex. */
  addressHash?: string;
}
