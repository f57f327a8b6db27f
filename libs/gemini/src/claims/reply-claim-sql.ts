import {
  GENERATION_COLUMNS,
  type GenerationSettings,
  interruptedCallsSql,
  type MessageFile,
  type PastExchange,
  type ReplyErrorCode,
  turnsBeforeSql,
} from '@app/chatroom';
import { prepared } from '@app/platform';
import { type Plan, planLimitSql, planNumberSql, planOfUserSql, recordUsageSql } from '@app/subscription';
import type { ModelPauseReason } from '../model/model-pause.store.js';

/** Whose a reply is, and which request asked for it. */
export interface ReplyOrigin {
  chatroomId: string;
  userId: string;
  /** Null: it was accepted by an older release. */
  requestId: string | null;
  /** The span that accepted it, as `traceparent`; null: the API that accepted it exports no traces. */
  traceParent: string | null;
}

/** A reply that this worker holds, with what it takes to answer. Valid while no claim has made a newer attempt. */
export interface ClaimedReply extends ReplyOrigin, GenerationSettings {
  id: string;
  /** The number of this attempt: the fencing token of all writes. */
  attempt: number;
  /** May be empty where there are files. */
  prompt: string;
  /** Those of the question; null: it has none. */
  promptFiles: MessageFile[] | null;
  /** The beginning of what was said before the question, newest first: see `PastTurnStore`. */
  newestTurns: PastExchange[];
  /** What an earlier attempt wrote, kept only for a reply that is to stop. */
  content: string;
  /** Likewise of the model's thoughts; null: none. */
  thoughts: string | null;
  title: string | null;
  systemInstruction: string | null;
  /** The model that is to answer: the room's own, if the plan has it, and the plan's default otherwise. */
  model: string;
  /** Whether the model is the room's own choice, and not the plan's default anyway. */
  ownModel: boolean;
  /** The plan of its user. */
  plan: Plan;
  /** The model was paused for this reason, and this reply tries whether it works again; null: it was not. */
  probes: ModelPauseReason | null;
  /** Model calls that ended in a retryable failure. */
  failures: number;
  /** The error that the reply would end with if there were no further attempt. */
  lastFailure: ReplyErrorCode | null;
  /** Milliseconds until the overall deadline; below zero once it has passed. */
  deadlineInMs: number;
  cancelRequested: boolean;
  /** Milliseconds from its acceptance to this claim. */
  waitedMs: number;
  /** Whether an earlier attempt has written a part of the answer, as far as it was stored. */
  wasBegun: boolean;
}

/** The states of a reply that has no outcome yet, for `IN`. */
export const UNFINISHED = `('queued', 'generating')`;

/**
 * The first unfinished reply of a reply's room. A room's replies are produced in order: only that one is claimed. The subquery
 * is bounded by its index condition, however long the room and however old the statistics.
 */
const headOfRoom = (reply: string): string => `(
  SELECT head.id FROM message head
  WHERE head.user_id = ${reply}.user_id AND head.chatroom_id = ${reply}.chatroom_id AND head.completed_at IS NULL
  ORDER BY head.user_id, head.chatroom_id, head.seq LIMIT 1)`;

/** A placeholder's milliseconds as an interval. */
export const milliseconds = (placeholder: string): string => `${placeholder}::int * interval '1 ms'`;

/** How long the one reply that tries a paused model may take to hear from it, before another one tries. */
const PROBE_MS = 15_000;

/** The row of a claim: `id` null where it failed. */
type ClaimRow = Omit<ClaimedReply, 'id' | 'plan' | 'ownModel'> & {
  id: string | null;
  plan: string;
  askedAttempt: number;
  /** Its worker has died. */
  isInterrupted: boolean;
  isStartable: boolean;
  isPaused: boolean;
  blockers: string[];
  /** The rooms of `blockers`, in their order. */
  blockersRooms: string[];
};

/** Of a reply that is to be claimed: it waits, or its worker has died. */
type ClaimedStatus = 'queued' | 'generating';

/** Joins to a row of `reply_concurrency`, as `known`, those of its replies that are being written or whose workers have died, as `other`. */
export const JOIN_RUNNING = `CROSS JOIN unnest(known.running, known.rooms) taken (id, chatroom_id)
        JOIN message other ON other.chatroom_id = taken.chatroom_id AND other.id = taken.id AND other.status = 'generating'`;

/** CTEs up to `decision`: whether the reply `$1` of the room `$5` may be claimed, and what stands against it. No row unless it is due. */
const DECISION = `
    asked AS (
      SELECT reply.id, reply.user_id, reply.chatroom_id, reply.seq, reply.status, reply.attempt, reply.reply_to,
        reply.asked_model, reply.asked_tokens, octet_length(reply.content) AS written, reply.created_at, reply.request_id, reply.trace_parent,
        reply.cancel_requested_at IS NOT NULL OR COALESCE(reply.deadline_at <= now(), false) AS only_ends
      FROM message reply
      WHERE reply.chatroom_id = $5::uuid AND reply.id = $1::uuid AND reply.status IN ${UNFINISHED}
        AND reply.due_at <= now() + interval '1 ms'
    ), planned AS (
      SELECT plan, room.model AS wanted
      FROM asked JOIN chatroom room ON room.id = asked.chatroom_id
      CROSS JOIN LATERAL ${planOfUserSql('asked.user_id', 'now()', '$4')}
    ), allowance AS (
      SELECT plan, ${planNumberSql('plan', '$4', 'concurrentReplies')} AS concurrent,
        CASE WHEN ${planLimitSql('plan', '$4', 'models')} ? wanted THEN wanted
             ELSE ${planLimitSql('plan', '$4', 'defaultModel')} #>> '{}' END AS model
      FROM planned
    ), pause AS (
      SELECT p.failure, p.resume_at <= now() AND COALESCE(p.probe_until <= now(), true) AS awaits_probe
      FROM allowance JOIN model_pause p ON p.model = allowance.model
    ), running AS (
      SELECT COALESCE(array_agg(other.id), '{}') AS ids, COALESCE(array_agg(other.chatroom_id), '{}') AS rooms
      FROM asked JOIN reply_concurrency known ON known.user_id = asked.user_id
      ${JOIN_RUNNING} AND other.id <> asked.id
    ), head AS (
      SELECT ${headOfRoom('asked')} AS id FROM asked
    ), decision AS (
      SELECT asked.*, allowance.plan, allowance.model, running.ids AS running,
        running.rooms AS running_rooms,
        CASE WHEN head.id <> asked.id THEN ARRAY[head.id] ELSE running.ids END AS blockers,
        CASE WHEN head.id <> asked.id THEN ARRAY[asked.chatroom_id] ELSE running.rooms END AS blockers_rooms,
        head.id = asked.id AND (asked.status = 'generating' OR cardinality(running.ids) < allowance.concurrent)
          AS startable,
        NOT asked.only_ends AND EXISTS (SELECT FROM pause) AS paused,
        COALESCE((SELECT awaits_probe FROM pause), false) AS awaits_probe
      FROM asked, head, allowance, running
    )`;

/**
 * Claims a reply, and brings along what the model needs, so that the answer waits for no further round trip.
 *
 * `running` are the user's replies that are being written, by the list that the last claim left. `place` replaces that list,
 * and fails when another claim has replaced it since this statement began: so claims of one user can't overrun its limit
 * together, and those of different users never wait for each other. Of the replies that wait for a paused model one
 * becomes its `probe`. The deadline that a deferral has set counts only while the model is paused: what was never asked of a
 * model has all of its time afterwards. Stored times are rounded to milliseconds, also upwards: what is due at once must be
 * so in the very same one.
 *
 * @param status of the replies that it claims. Only those whose worker has died have a call to record: each part of a
 *   statement costs PostgreSQL time, even one that finds nothing to do
 */
const claimSql = (status: ClaimedStatus): string => `
    WITH ${DECISION}, place AS (
      INSERT INTO reply_concurrency AS known (user_id, version, running, rooms, rooms_version)
      SELECT user_id, next.version, running || id, running_rooms || chatroom_id, next.version
      FROM decision d CROSS JOIN LATERAL (
        SELECT 1 + COALESCE((SELECT version FROM reply_concurrency earlier WHERE earlier.user_id = d.user_id), 0) AS version
      ) next
      WHERE startable AND status = '${status}' AND (NOT paused OR awaits_probe)
      ON CONFLICT (user_id) DO UPDATE
        SET version = EXCLUDED.version, running = EXCLUDED.running, rooms = EXCLUDED.rooms, rooms_version = EXCLUDED.version
        WHERE known.version = EXCLUDED.version - 1
      RETURNING user_id
    ), probe AS (
      UPDATE model_pause p SET probe_until = now() + interval '${PROBE_MS} ms'
      FROM place, decision d
      WHERE d.paused AND p.model = d.model AND p.resume_at <= now() AND COALESCE(p.probe_until <= now(), true)
      RETURNING p.failure
    ), claimed AS (
      UPDATE message reply
      SET status = 'generating', attempt = reply.attempt + 1, due_at = now() + ${milliseconds('$2')}, asked_model = d.model,
          asked_tokens = NULL,
          content = CASE WHEN reply.cancel_requested_at IS NULL THEN '' ELSE reply.content END,
          thoughts = CASE WHEN reply.cancel_requested_at IS NULL THEN NULL ELSE reply.thoughts END,
          deadline_at = CASE WHEN reply.deadline_at IS NULL OR (reply.attempt = 0 AND NOT EXISTS (SELECT FROM pause))
                             THEN now() + ${milliseconds('$3')} ELSE reply.deadline_at END
      FROM place, decision d, chatroom, message question
      WHERE reply.chatroom_id = $5::uuid AND reply.id = d.id AND reply.attempt = d.attempt AND reply.status = d.status
        AND (NOT d.paused OR EXISTS (SELECT FROM probe))
        AND chatroom.id = reply.chatroom_id AND question.chatroom_id = reply.chatroom_id AND question.id = reply.reply_to
      RETURNING reply.id, reply.attempt, question.content AS prompt, question.files AS "promptFiles",
        ${turnsBeforeSql('reply.chatroom_id', 'question.seq')} AS "newestTurns", reply.content, reply.thoughts,
        chatroom.title, chatroom.system_instruction AS "systemInstruction", ${GENERATION_COLUMNS},
        reply.failures, reply.last_failure AS "lastFailure",
        reply.cancel_requested_at IS NOT NULL AS "cancelRequested",
        GREATEST(extract(epoch FROM reply.deadline_at - now()) * 1000, -1)::int AS "deadlineInMs"
    )${status === 'generating' ? `, interrupted AS (SELECT d.* FROM decision d, claimed), ${interruptedCallsSql('interrupted')}, ${recordUsageSql('calls')}` : ''}
    SELECT claimed.*, d.chatroom_id AS "chatroomId", d.user_id AS "userId", d.plan, d.model, (SELECT failure FROM probe) AS probes,
      d.request_id AS "requestId", d.trace_parent AS "traceParent",
      GREATEST(extract(epoch FROM now() - d.created_at) * 1000, 0)::int AS "waitedMs", d.written > 0 AS "wasBegun",
      d.attempt AS "askedAttempt", d.status = 'generating' AS "isInterrupted", d.startable AS "isStartable", d.blockers, d.blockers_rooms AS "blockersRooms",
      d.paused AND NOT d.awaits_probe AS "isPaused"
    FROM decision d LEFT JOIN claimed ON true`;

/** Claims a reply that waits: its id, the lease and the time to its deadline in milliseconds, the catalogue, its room. */
export const CLAIM = prepared<ClaimRow>('reply_claim', claimSql('queued'));
/** The same for one whose worker has died. */
export const CLAIM_INTERRUPTED = prepared<ClaimRow>('reply_claim_interrupted', claimSql('generating'));

/**
 * Tells unfinished replies that another one waits for them: see {@link ReplyStore.claim}. One that is just being finished is
 * waited for. `unfinished` counts those that will know of it at their end.
 */
export const AWAIT = prepared<{ unfinished: number }>(
  'reply_await',
  `
    WITH blocker AS (
      SELECT awaited FROM unnest($1::uuid[], $2::uuid[]) told (chatroom_id, id)
      JOIN message ON message.chatroom_id = told.chatroom_id AND message.id = told.id AND status IN ${UNFINISHED}
    ), locked AS (
      SELECT message.chatroom_id, message.id FROM unnest($1::uuid[], $2::uuid[]) told (chatroom_id, id)
      JOIN message ON message.chatroom_id = told.chatroom_id AND message.id = told.id AND status IN ${UNFINISHED}
        AND NOT awaited
      ORDER BY message.chatroom_id, message.seq FOR NO KEY UPDATE OF message
    ), marked AS (
      UPDATE message SET awaited = true FROM locked
      WHERE message.chatroom_id = locked.chatroom_id AND message.id = locked.id
      RETURNING message.id
    )
    SELECT ((SELECT count(*) FROM blocker WHERE awaited) + (SELECT count(*) FROM marked))::int AS unfinished`,
);
