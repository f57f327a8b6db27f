import { type InspectedReply, ReplyCancellationService, ReplyInspectionStore, ReplyJobsService } from '@app/chatroom';
import { AuditTrail } from '@app/platform';
import { type Command, type CommandContext, CommandError, textOf } from '../command-line/command.js';
import { fieldsReport, type Report, tableOf } from '../command-line/report.js';
import { replyOf } from './found.js';

/** How many are listed at most. */
const LISTED = 100;
const DEFAULT_AGE = '60s';

/** Seconds of `90`, `90s`, `5m` or `2h`. @throws CommandError */
function secondsOf(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})([smh])?$/.exec(text) ?? [];
  if (number === undefined) throw new CommandError('usage', '--older-than takes a time such as 60s, 5m or 2h.');
  return Number(number) * { s: 1, m: 60, h: 3_600 }[unit as 's' | 'm' | 'h'];
}

/** Why an unfinished reply is not being written, as far as its row tells. */
function waitsFor({ status, dueAt, cancelRequestedAt, lastFailure }: InspectedReply): string {
  const isDue = dueAt === null || dueAt <= new Date();
  if (cancelRequestedAt !== null) return 'its cancellation';
  if (status === 'generating') return isDue ? 'another worker' : 'its worker';
  return isDue ? 'a worker' : `the end of its back-off (${lastFailure ?? 'no failure'})`;
}

async function stuck({ app, options }: CommandContext): Promise<Report> {
  const seconds = secondsOf(textOf(options, 'older-than') ?? DEFAULT_AGE);
  const replies = await app.get(ReplyInspectionStore, { strict: false }).stuck(seconds, LISTED);
  const data = replies.map((reply) => ({ ...reply, waitsFor: waitsFor(reply) }));
  const table = tableOf(null, data, {
    ID: ({ id }) => id,
    USER: ({ userId }) => userId,
    STATUS: ({ status }) => status,
    ATTEMPT: ({ attempt }) => attempt,
    CREATED: ({ createdAt }) => createdAt,
    'WAITS FOR': (reply) => reply.waitsFor,
  });
  return { data, sections: [table] };
}

async function show(context: CommandContext): Promise<Report> {
  const reply = await replyOf(context);
  return fieldsReport({ ...reply, waitsFor: reply.completedAt === null ? waitsFor(reply) : null });
}

async function retry(context: CommandContext): Promise<Report> {
  const { app, operator } = context;
  const reply = await replyOf(context);
  const { id, userId, status } = reply;
  const due = await app.get(ReplyInspectionStore, { strict: false }).retry(reply);
  if (due === null) {
    const why =
      status === 'generating' ? 'A worker is writing it.' : `It is ${status}: only its user can ask for another one.`;
    throw new CommandError('notPossible', why);
  }
  await app.get(AuditTrail).write({ action: 'reply_retried', userId, detail: { operator, replyId: id } });
  await app.get(ReplyJobsService, { strict: false }).enqueueInTurn([due]);
  return fieldsReport({ reply: id, due: 'now' });
}

async function cancel(context: CommandContext): Promise<Report> {
  const { app, operator } = context;
  const { id, userId, chatroomId, completedAt, status } = await replyOf(context);
  if (completedAt !== null) throw new CommandError('notPossible', `It is ${status} already.`);
  const reply = await app.get(ReplyCancellationService, { strict: false }).cancel(userId, chatroomId, id);
  await app.get(AuditTrail).write({ action: 'reply_cancelled', userId, detail: { operator, replyId: id } });
  return fieldsReport({ reply: id, status: reply?.status ?? 'deleted' });
}

/** What concerns replies. */
export const REPLY_COMMANDS: readonly Command[] = [
  {
    name: 'replies stuck',
    parameters: [],
    summary: 'List the oldest unfinished replies, and what each waits for.',
    explanation: `At most ${LISTED}.`,
    options: {
      'older-than': { value: 'TIME', meaning: `Accepted before so long: 60s, 5m, 2h. Without it: ${DEFAULT_AGE}.` },
    },
    changes: 'nothing',
    run: stuck,
  },
  {
    name: 'replies show',
    parameters: ['id'],
    summary: 'Show where the work on a reply stands; no text.',
    changes: 'nothing',
    run: show,
  },
  {
    name: 'replies retry',
    parameters: ['id'],
    summary: 'End the back-off of an unfinished reply: a worker may take it now.',
    explanation: 'While its model is paused it goes on waiting for that: see "models show".',
    changes: 'something',
    run: retry,
  },
  {
    name: 'replies cancel',
    parameters: ['id'],
    summary: 'End an unfinished reply with what is written, as its reader’s cancelling does.',
    changes: 'drastic',
    run: cancel,
  },
];
