import { ReplyInspectionStore } from '@app/chatroom';
import { BILLING_QUEUE, REPLY_QUEUE } from '@app/contracts';
import { AuditTrail, Clock, withTimeout } from '@app/platform';
import { type DailySpend, DailySpendStore, utcDay } from '@app/subscription';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { type Command, type CommandContext, CommandError, textOf } from '../command-line/command.js';
import { fieldsReport, type Report, tableOf } from '../command-line/report.js';
import { ModelPauseStore } from '../stores/model-pause.store.js';

const QUEUES = [REPLY_QUEUE.queue, BILLING_QUEUE.queue];

/** How long Redis may take; BullMQ itself would wait for it without end. */
const REDIS_TIMEOUT_MS = 2_000;

/** A queue's jobs by their state; null: Redis does not answer. */
async function countsOf(queue: Queue): Promise<Record<string, number> | null> {
  const counts = queue.getJobCounts().catch(() => null);
  return withTimeout(REDIS_TIMEOUT_MS, counts, () => null);
}

async function showQueue({ app }: CommandContext): Promise<Report> {
  const jobs = await Promise.all(
    QUEUES.map(async (queue) => ({
      queue,
      jobs: await countsOf(app.get<Queue>(getQueueToken(queue), { strict: false })),
    })),
  );
  const unanswered = await app.get(ReplyInspectionStore, { strict: false }).unanswered();
  const now = app.get(Clock).now().getTime();
  const aged = unanswered.map((row) => ({ ...row, oldestSeconds: Math.round((now - row.oldestAt.getTime()) / 1_000) }));
  return {
    data: { queues: jobs, unanswered: aged },
    sections: [
      tableOf('Jobs in Redis', jobs, {
        QUEUE: ({ queue }) => queue,
        WAITING: (row) => (row.jobs === null ? 'Redis does not answer' : (row.jobs['waiting'] ?? 0)),
        PRIORITIZED: (row) => row.jobs?.['prioritized'] ?? null,
        DELAYED: (row) => row.jobs?.['delayed'] ?? null,
        ACTIVE: (row) => row.jobs?.['active'] ?? null,
      }),
      tableOf('Unanswered replies in PostgreSQL', aged, {
        PLAN: ({ plan }) => plan,
        STATUS: ({ status }) => status,
        REPLIES: ({ replies }) => replies,
        'OLDEST (S)': ({ oldestSeconds }) => oldestSeconds,
      }),
    ],
  };
}

async function showModels({ app }: CommandContext): Promise<Report> {
  const pauses = await app.get(ModelPauseStore).all();
  const table = tableOf('Paused models', pauses, {
    MODEL: ({ model }) => model,
    WHY: ({ failure }) => failure,
    UNTIL: ({ resumeAt }) => resumeAt,
    'IN A ROW': (pause) => pause.pauses,
    'REPLIES DEFERRED': ({ deferred }) => deferred,
  });
  return { data: pauses, sections: [table] };
}

async function resumeModel({ app, parameters: [model = ''], operator }: CommandContext): Promise<Report> {
  if (!(await app.get(ModelPauseStore).end(model))) throw new CommandError('notFound', 'That model is not paused.');
  await app.get(AuditTrail).write({ action: 'model_resumed', userId: null, detail: { operator, model } });
  return fieldsReport({ model, paused: false });
}

const sum = (rows: readonly DailySpend[], value: (row: DailySpend) => number): number =>
  rows.reduce((total, row) => total + value(row), 0);

async function spend({ app, options }: CommandContext): Promise<Report> {
  const day = textOf(options, 'day') ?? utcDay(app.get(Clock).now());
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day)))
    throw new CommandError('usage', '--day takes a UTC day such as 2026-11-23.');
  const rows = await app.get(DailySpendStore, { strict: false }).read(day);
  const total = { calls: sum(rows, ({ calls }) => calls), costUsd: sum(rows, ({ costUsd }) => costUsd ?? 0) };
  return {
    data: { day, total, rows },
    sections: [
      {
        title: null,
        fields: {
          day,
          calls: total.calls,
          'estimated calls': sum(rows, ({ estimatedCalls }) => estimatedCalls),
          'cost in USD': total.costUsd.toFixed(4),
        },
      },
      tableOf('By model, plan and purpose', rows, {
        MODEL: ({ model }) => model,
        PLAN: ({ plan }) => plan,
        PURPOSE: ({ purpose }) => purpose,
        CALLS: ({ calls }) => calls,
        ESTIMATED: ({ estimatedCalls }) => estimatedCalls,
        'PROMPT TOKENS': ({ promptTokens }) => promptTokens,
        'REPLY TOKENS': ({ thoughtTokens, replyTokens }) => thoughtTokens + replyTokens,
        SEARCHES: ({ searches }) => searches,
        USD: ({ costUsd }) => costUsd?.toFixed(4) ?? 'no price',
      }),
    ],
  };
}

/** What concerns all users together. */
export const SERVICE_COMMANDS: readonly Command[] = [
  {
    name: 'queue show',
    parameters: [],
    summary: 'Show the jobs in Redis, and the unanswered replies by plan with the age of the oldest.',
    explanation: 'PostgreSQL is the truth: jobs only wake workers, and a sweep makes those that are missing.',
    changes: 'nothing',
    run: showQueue,
  },
  {
    name: 'models show',
    parameters: [],
    summary: 'List the models that workers do not call for a while.',
    changes: 'nothing',
    run: showModels,
  },
  {
    name: 'models resume',
    parameters: ['model'],
    summary: 'End the pause of a model: workers call it again.',
    explanation: 'Replies that were deferred come back within seconds; should the model still fail, it is paused anew.',
    changes: 'something',
    run: resumeModel,
  },
  {
    name: 'spend',
    parameters: [],
    summary: 'Show what a day’s model calls cost, by model, plan and purpose.',
    explanation:
      'By the prices of the plans file; the plan is the one that each user has now, and none for deleted accounts. Calls whose use is an estimate are counted apart.',
    options: { day: { value: 'DATE', meaning: 'A UTC day. Without it: today.' } },
    changes: 'nothing',
    run: spend,
  },
];
