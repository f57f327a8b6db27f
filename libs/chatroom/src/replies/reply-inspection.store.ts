import { Database, prepared } from '@app/platform';
import { PlanCatalogue, planOfUserSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import type { MessageAddress, MessageStatus } from '../messages/message.row.js';
import type { WaitingReply } from './reply-jobs.service.js';

/** A reply as operators see it: where its work stands, and no text. */
export interface InspectedReply {
  id: string;
  userId: string;
  chatroomId: string;
  status: MessageStatus;
  /** The number of the last attempt; 0: none was made. */
  attempt: number;
  /** Model calls that ended in a retryable failure. */
  failures: number;
  /** The error of the last of them. */
  lastFailure: string | null;
  /** The model that the last attempt asked. */
  askedModel: string | null;
  createdAt: Date;
  /** Of an unfinished one: not claimed before this, which is back-off while `queued` and a worker's lease while `generating`. */
  dueAt: Date | null;
  /** No model is called for it after this. */
  deadlineAt: Date | null;
  cancelRequestedAt: Date | null;
  completedAt: Date | null;
  /** Why it brought no complete answer. */
  errorCode: string | null;
}

/** Unfinished replies of users of one plan. */
export interface UnansweredReplies {
  plan: string;
  status: MessageStatus;
  replies: number;
  oldestAt: Date;
}

const COLUMNS = `
  reply.id, reply.user_id AS "userId", reply.chatroom_id AS "chatroomId", reply.status, reply.attempt, reply.failures,
  reply.last_failure AS "lastFailure", reply.asked_model AS "askedModel", reply.created_at AS "createdAt",
  reply.due_at AS "dueAt", reply.deadline_at AS "deadlineAt", reply.cancel_requested_at AS "cancelRequestedAt",
  reply.completed_at AS "completedAt", reply.error_code AS "errorCode"`;

// Every unfinished reply has a time of its next sweep, and no finished one has: that index holds what is asked for here.
const STUCK = prepared<InspectedReply>(
  'reply_stuck',
  `
    SELECT ${COLUMNS} FROM message reply
    WHERE reply.next_enqueue_at IS NOT NULL AND reply.created_at < now() - make_interval(secs => $1)
    ORDER BY reply.created_at LIMIT $2`,
);

// An operator may know no more than the id: docs/scaling.md says what becomes of this in a partitioned table.
const FIND = prepared<InspectedReply>(
  'reply_inspect',
  `SELECT ${COLUMNS} FROM message reply WHERE reply.id = $1::uuid AND reply.role = 'bot'`,
);

const LAST_OF_USER = prepared<InspectedReply>(
  'reply_last_of_user',
  `
    SELECT ${COLUMNS} FROM message reply
    WHERE reply.user_id = $1::uuid AND reply.role = 'bot' ORDER BY reply.id DESC LIMIT $2`,
);

// One that a worker holds is left to it.
const RETRY = prepared<WaitingReply>(
  'reply_retry',
  `
    UPDATE message SET due_at = LEAST(due_at, now()), next_enqueue_at = now()
    WHERE chatroom_id = $1::uuid AND id = $2::uuid AND (status = 'queued' OR (status = 'generating' AND due_at <= now()))
    RETURNING id, chatroom_id AS "chatroomId", attempt, user_id AS "userId"`,
);

const UNANSWERED = prepared<UnansweredReplies>(
  'reply_unanswered',
  `
    SELECT counting.plan, reply.status, count(*)::int AS replies, min(reply.created_at) AS "oldestAt"
    FROM message reply CROSS JOIN LATERAL ${planOfUserSql('reply.user_id', 'now()', '$1')}
    WHERE reply.next_enqueue_at IS NOT NULL
    GROUP BY counting.plan, reply.status ORDER BY counting.plan, reply.status`,
);

/** What operators see of the work on replies, and how they push one. */
@Injectable()
export class ReplyInspectionStore {
  constructor(
    private readonly database: Database,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** The oldest replies that are unfinished for longer than this. @param limit how many at most */
  async stuck(seconds: number, limit: number): Promise<InspectedReply[]> {
    return await this.database.run(STUCK, [seconds, limit]);
  }

  /** Whosever it is; null: there is no such reply. */
  async find(replyId: string): Promise<InspectedReply | null> {
    const [reply] = await this.database.run(FIND, [replyId]);
    return reply ?? null;
  }

  /** The user's newest replies. */
  async lastOf(userId: string, limit: number): Promise<InspectedReply[]> {
    return await this.database.run(LAST_OF_USER, [userId, limit]);
  }

  /**
   * Ends the back-off of an unfinished reply: it may be claimed now.
   *
   * @returns what to enqueue; null: it is finished, or a worker is writing it
   */
  async retry({ chatroomId, id }: MessageAddress): Promise<WaitingReply | null> {
    const [due] = await this.database.run(RETRY, [chatroomId, id]);
    return due ?? null;
  }

  /** How many replies are unfinished, by the plan that their users have now, and since when the oldest is. */
  async unanswered(): Promise<UnansweredReplies[]> {
    return await this.database.run(UNANSWERED, [this.catalogue.sqlParameter]);
  }
}
