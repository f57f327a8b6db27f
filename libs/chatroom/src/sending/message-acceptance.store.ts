import { FileNotFoundError } from '@app/file';
import {
  Clock,
  currentTraceParent,
  Database,
  type PreparedStatement,
  RequestContext,
  uuidv7,
  ValidationFailedError,
} from '@app/platform';
import {
  CapacityReachedError,
  CapacityService,
  type DailyQuota,
  DailyQuotaExceededError,
  DEFAULT_PLAN,
  QuotaLedgerStore,
  QuotaMetrics,
  ExhaustedQuotaCache,
  PlanCatalogue,
  utcDay,
} from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import { ChatroomNotFoundError } from '../rooms/chatroom.errors.js';
import type { SendOutcome, SpentQuota } from './acceptance-sql.js';
import type { IdempotencyKey } from './idempotency-key.js';
import { EDIT, EDIT_WITH_FILES, type EditOutcome } from './message-edit-sql.js';
import { type AttachedFiles, MAX_BYTES_OF_FILES, MAX_BYTES_OF_PDF } from './message-files-sql.js';
import { REGENERATE, type RegenerateOutcome, SEND, SEND_WITH_FILES } from './message-send-sql.js';
import {
  IdempotencyKeyReusedError,
  ModelCannotTakeFileError,
  NotLatestMessageError,
  NotLatestReplyError,
  ReplyInProgressError,
} from '../messages/message.errors.js';
import { MESSAGE_SELECT, type MessageAddress, type MessageFile, type MessageRow } from '../messages/message.row.js';

/** For how long a repeated request gets the first answer again. */
export const IDEMPOTENCY_KEY_MS = 24 * 3_600_000;

/** What a send, an edit or a regeneration has led to: the reply, and how it is to be enqueued. */
interface Accepted {
  reply: MessageRow;
  /** As it stands after the send, or at its repetition, which costs nothing. */
  quota: DailyQuota;
  /** The moment whose day the quota is of. */
  at: Date;
  /** Whether other replies of the user wait for a worker. */
  othersWait: boolean;
  /** Whether the request came before under its idempotency key: then this is what it led to. */
  replayed: boolean;
}

/** What a send or an edit has led to. */
export interface AcceptedMessage extends Accepted {
  message: MessageRow;
}

/** What a regeneration has led to. */
export type AcceptedVariant = Accepted;

/** Takes messages in: the moment at which the promise begins that each gets exactly one stored outcome. */
@Injectable()
export class MessageAcceptanceStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
    private readonly ledger: QuotaLedgerStore,
    private readonly exhausted: ExhaustedQuotaCache,
    private readonly capacity: CapacityService,
    private readonly metrics: QuotaMetrics,
  ) {}

  /**
   * Stores the user's message and a queued reply, and charges the daily quota.
   *
   * @param files the ids of its files, each once
   * @throws ValidationFailedError for a text that is longer than the plan allows, and for too many or too large files
   * @throws FileNotFoundError for files that are not all the user's; ModelCannotTakeFileError
   * @throws ChatroomNotFoundError, DailyQuotaExceededError, CapacityReachedError, IdempotencyKeyReusedError
   */
  async send(
    userId: string,
    chatroomId: string,
    content: string,
    key: IdempotencyKey | null,
    files: readonly string[] = [],
  ): Promise<AcceptedMessage> {
    const withFiles = files.length > 0;
    const characters = this.countCharacters(content, withFiles);
    const { now, closed, message, reply } = this.begin(chatroomId, content);
    const values = [
      ...[userId, chatroomId, now, utcDay(now), this.catalogue.sqlParameter],
      ...[message.id, reply.id, content, key?.key ?? null, key?.requestHash ?? null, closed, characters],
      ...origin(),
    ];
    const answer = (sent: (SendOutcome & Partial<AttachedFiles>) | null): AcceptedMessage => {
      if (sent === null) throw new ChatroomNotFoundError();
      const { plan, limit, used, othersWait } = sent;
      if (used === null) {
        throw refusedFiles(sent) ?? tooLongFor(sent, characters) ?? this.refusal(userId, sent, closed, now);
      }
      const quota = { plan, limit, used };
      return { message: withFilesOf(sent, message), reply, quota, at: now, othersWait, replayed: false };
    };
    return withFiles
      ? await this.accept(userId, key, now, SEND_WITH_FILES, [...values, files], answer)
      : await this.accept(userId, key, now, SEND, values, answer);
  }

  /**
   * Stores the room's latest question anew with a queued reply, in place of it and its reply, and charges the daily quota.
   *
   * @param files the ids of its files; null: those that the question has
   * @returns null when the room has no such message
   * @throws NotLatestMessageError, also for a reply's id; ReplyInProgressError; ValidationFailedError for a text that is longer than
   *   the plan allows, and for too many or too large files; FileNotFoundError, ModelCannotTakeFileError; DailyQuotaExceededError,
   *   CapacityReachedError, IdempotencyKeyReusedError
   */
  async edit(
    userId: string,
    { chatroomId, id }: MessageAddress,
    content: string,
    key: IdempotencyKey | null,
    files: readonly string[] | null = null,
  ): Promise<AcceptedMessage | null> {
    const characters = this.countCharacters(content, files !== null);
    const { now, closed, message, reply } = this.begin(chatroomId, content);
    const values = [
      ...[userId, chatroomId, now, utcDay(now), this.catalogue.sqlParameter],
      ...[id, reply.id, content, key?.key ?? null, key?.requestHash ?? null, closed, characters],
      ...[...origin(), message.id],
    ];
    const answer = (outcome: (EditOutcome & Partial<AttachedFiles>) | null): AcceptedMessage | null => {
      if (outcome === null) return null;
      const { latest, unfinished, plan, limit, used, othersWait } = outcome;
      if (!latest) throw new NotLatestMessageError();
      if (unfinished) throw new ReplyInProgressError();
      if (used === null) {
        throw refusedFiles(outcome) ?? tooLongFor(outcome, characters) ?? this.refusal(userId, outcome, closed, now);
      }
      const quota = { plan, limit, used };
      return { message: withFilesOf(outcome, message), reply, quota, at: now, othersWait, replayed: false };
    };
    if (files === null) {
      const keptFiles = 'kept_files';
      const edited = await this.accept(userId, key, now, EDIT, values, (outcome) =>
        outcome?.hasFiles === true && outcome.latest && !outcome.unfinished ? keptFiles : answer(outcome),
      );
      if (edited !== keptFiles) return edited;
    }
    return await this.accept(userId, key, now, EDIT_WITH_FILES, [...values, files], answer);
  }

  /**
   * Queues a new variant of the room's latest reply, and charges the daily quota.
   *
   * @returns null when the room has no such reply
   * @throws NotLatestReplyError, ReplyInProgressError, DailyQuotaExceededError, CapacityReachedError, IdempotencyKeyReusedError
   */
  async regenerate(
    userId: string,
    chatroomId: string,
    replyId: string,
    key: IdempotencyKey | null,
  ): Promise<AcceptedVariant | null> {
    const now = this.clock.now();
    const reply = newMessage({ chatroomId, role: 'bot', content: '', createdAt: now });
    const closed = this.capacity.isReached(now);
    const values = [
      ...[userId, chatroomId, now, utcDay(now), this.catalogue.sqlParameter, replyId, reply.id, closed],
      ...[key?.key ?? null, key?.requestHash ?? null],
      ...origin(),
    ];
    return await this.accept<RegenerateOutcome, AcceptedVariant | null>(
      userId,
      key,
      now,
      REGENERATE,
      values,
      (outcome) => {
        if (outcome === null) return null;
        const { replyTo, latest, unfinished, takesFiles, plan, limit, used, othersWait } = outcome;
        if (!latest) throw new NotLatestReplyError();
        if (unfinished) throw new ReplyInProgressError();
        if (!takesFiles) throw new ModelCannotTakeFileError();
        if (used === null) throw this.refusal(userId, { plan, limit }, closed, now);
        return { reply: { ...reply, replyTo }, quota: { plan, limit, used }, at: now, othersWait, replayed: false };
      },
    );
  }

  /** What a send and an edit begin with: the moment, whether the default plan is refused, and the two messages. */
  private begin(chatroomId: string, content: string) {
    const now = this.clock.now();
    const message = newMessage({ chatroomId, role: 'user', content, createdAt: now, completedAt: now });
    const reply = newMessage({ chatroomId, role: 'bot', content: '', createdAt: now, replyTo: message.id });
    return { now, closed: this.capacity.isReached(now), message, reply };
  }

  /**
   * Runs an accepting statement. Where it accepted nothing, a request that came before under its key gets its first answer
   * again, whatever would refuse it by now.
   *
   * @param answer what the statement's outcome means; null: there is no such room or reply
   */
  private async accept<Outcome extends SpentQuota, Answer>(
    userId: string,
    key: IdempotencyKey | null,
    now: Date,
    statement: PreparedStatement<Outcome>,
    values: unknown[],
    answer: (outcome: Outcome | null) => Answer,
  ): Promise<Answer | AcceptedMessage> {
    // A second try is needed only where the key was in use and its time has run out.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const outcome = await this.database.run(statement, values).catch(keyInUse);
      const [first] = outcome ?? [];
      if (first?.used == null) {
        const earlier = key === null ? null : await this.replay(userId, key, now);
        if (earlier !== null) return earlier;
      }
      if (outcome !== null) return answer(first ?? null);
    }
    throw new IdempotencyKeyReusedError();
  }

  /**
   * How many Unicode code points a message has; null where it is short enough for every plan.
   *
   * @param isSecondary whether something else has to be found first
   * @throws ValidationFailedError where it is too long for every plan, unless something else has to be found first
   */
  private countCharacters(content: string, isSecondary: boolean): number | null {
    const { smallest, largest } = this.catalogue.messageCharacters;
    if (content.length <= smallest) return null;
    const characters = Array.from(content).length;
    if (characters > largest && !isSecondary) throw tooLong(largest);
    return characters > smallest ? characters : null;
  }

  /** Why nothing was spent. Where both hold, the fault is not the user's. */
  private refusal(
    userId: string,
    { plan, limit }: Pick<DailyQuota, 'plan' | 'limit'>,
    closed: boolean,
    now: Date,
  ): CapacityReachedError | DailyQuotaExceededError {
    if (closed && plan === DEFAULT_PLAN) return new CapacityReachedError(now);
    this.exhausted.add(userId, utcDay(now));
    this.metrics.refused(plan);
    return new DailyQuotaExceededError(limit ?? 0, now);
  }

  /** The first answer to this key, as it was then; null when there is none (any more). */
  private async replay(
    userId: string,
    { key, requestHash }: IdempotencyKey,
    now: Date,
  ): Promise<AcceptedMessage | null> {
    const expired = new Date(now.getTime() - IDEMPOTENCY_KEY_MS);
    const first = await this.database.prisma.idempotencyKey.findFirst({
      where: { userId, key, createdAt: { gt: expired } },
      select: { requestHash: true, chatroomId: true, replyId: true },
    });
    const reply = first === null ? null : await this.replyOf(userId, first);
    if (first === null || reply?.question == null) {
      // Where the release before has written the key, nothing has deleted it with its room.
      const unused = first === null ? { createdAt: { lte: expired } } : { replyId: first.replyId };
      await this.database.prisma.idempotencyKey.deleteMany({ where: { userId, key, ...unused } });
      return null;
    }
    if (!requestHash.equals(first.requestHash)) throw new IdempotencyKeyReusedError();
    const quota = await this.ledger.read(userId);
    const { question, ...stored } = reply;
    const accepted = newMessage({ ...stored, content: '', completedAt: null });
    // Feedback is given to replies, and to none as it is when it has just been accepted.
    return {
      message: newMessage({ ...question, files: question.files as MessageFile[] | null }),
      reply: accepted,
      quota,
      at: now,
      othersWait: false,
      replayed: true,
    };
  }

  /**
   * The reply that a key stands for, with its question; null when its room was deleted. Where the release before has written the
   * key, and so not its room, the reply is found among the user's.
   */
  private async replyOf(userId: string, { chatroomId, replyId }: { chatroomId: string | null; replyId: string }) {
    return await this.database.prisma.message.findFirst({
      where: { userId, id: replyId, ...(chatroomId !== null && { chatroomId }) },
      select: { ...MESSAGE_SELECT, question: { select: { ...MESSAGE_SELECT, files: true } } },
    });
  }
}

/** The request that is being answered, and its trace, as the last two parameters. */
const origin = (): [requestId: string | null, traceParent: string | null] => [
  RequestContext.requestId ?? null,
  currentTraceParent(),
];

const tooLong = (longest: number): ValidationFailedError =>
  new ValidationFailedError([{ pointer: '/content', detail: `must have at most ${longest} characters` }]);

/** The refusal of a message that is longer than the plan of its sender allows; null where it is not. */
const tooLongFor = ({ longest }: SendOutcome, characters: number | null): ValidationFailedError | null =>
  longest !== null && characters !== null && characters > longest ? tooLong(longest) : null;

/** The refusal of a message for its files; null where they are not what stands against it. */
function refusedFiles({ filesRefusal, mostFiles }: Partial<AttachedFiles>): Error | null {
  switch (filesRefusal) {
    case 'not_found':
      return new FileNotFoundError();
    case 'not_taken':
      return new ModelCannotTakeFileError();
    case 'too_many':
      return new ValidationFailedError([{ pointer: '/files', detail: `must have at most ${mostFiles} files` }]);
    case 'too_large':
      return new ValidationFailedError([{ pointer: '/files', detail: TOO_LARGE }]);
    case null:
    case undefined:
      return null;
  }
}

const TOO_LARGE = `must have at most ${MAX_BYTES_OF_FILES} bytes together, and a PDF at most ${MAX_BYTES_OF_PDF}`;

const withFilesOf = ({ files = null }: Partial<AttachedFiles>, message: MessageRow): MessageRow => ({
  ...message,
  files,
});

/** Null instead of the error that says that the idempotency key is in use. */
function keyInUse(error: unknown): null {
  if (error instanceof DatabaseError && error.constraint === 'idempotency_key_pkey') return null;
  throw error;
}

/** A message as it is when it has just been accepted. */
function newMessage(
  known: Pick<MessageRow, 'chatroomId' | 'role' | 'content' | 'createdAt'> & Partial<MessageRow>,
): MessageRow {
  return {
    id: known.id ?? uuidv7(),
    chatroomId: known.chatroomId,
    role: known.role,
    status: known.role === 'user' ? 'completed' : 'queued',
    content: known.content,
    createdAt: known.createdAt,
    completedAt: known.completedAt ?? null,
    replyTo: known.replyTo ?? null,
    model: null,
    finishReason: null,
    promptTokens: null,
    cachedTokens: null,
    thoughtTokens: null,
    replyTokens: null,
    errorCode: null,
    errorDetail: null,
    feedback: null,
    files: known.files ?? null,
    thoughts: null,
    grounding: null,
  };
}
