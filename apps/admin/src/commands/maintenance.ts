import { AuditTrail, MaintenanceStore } from '@app/platform';
import { type Command, type CommandContext, CommandError, numberOf } from '../command-line/command.js';
import { fieldsReport, type Report } from '../command-line/report.js';

const DEFAULT_RETRY_AFTER = 60;
const MAX_RETRY_AFTER = 86_400;

async function begin({ app, options, operator }: CommandContext): Promise<Report> {
  const retryAfterSeconds = numberOf(options, 'retry-after', MAX_RETRY_AFTER) ?? DEFAULT_RETRY_AFTER;
  const { since } = await app.get(MaintenanceStore, { strict: false }).begin(retryAfterSeconds);
  await app
    .get(AuditTrail)
    .write({ action: 'maintenance_began', userId: null, detail: { operator, retryAfterSeconds } });
  return fieldsReport({ maintenance: true, since, 'retry after (s)': retryAfterSeconds });
}

async function end({ app, operator }: CommandContext): Promise<Report> {
  const ended = await app.get(MaintenanceStore, { strict: false }).end();
  if (!ended) throw new CommandError('notPossible', 'There is no maintenance.');
  await app.get(AuditTrail).write({ action: 'maintenance_ended', userId: null, detail: { operator } });
  return fieldsReport({ maintenance: false });
}

async function status({ app }: CommandContext): Promise<Report> {
  const state = await app.get(MaintenanceStore, { strict: false }).read();
  if (state === null) return fieldsReport({ maintenance: false });
  return fieldsReport({ maintenance: true, since: state.since, 'retry after (s)': state.retryAfterSeconds });
}

/** Closing the API for a while. */
export const MAINTENANCE_COMMANDS: readonly Command[] = [
  {
    name: 'maintenance on',
    parameters: [],
    summary: 'Have the API answer 503 to all but probes, Stripe’s webhook and its pages.',
    explanation:
      'All replicas follow within two seconds. Streams that are open go on, and workers finish what was accepted; to stop them, end their processes.',
    options: {
      'retry-after': {
        value: 'SECONDS',
        meaning: `What clients are told to wait. Without it: ${DEFAULT_RETRY_AFTER}.`,
      },
    },
    changes: 'drastic',
    run: begin,
  },
  {
    name: 'maintenance off',
    parameters: [],
    summary: 'Open the API again.',
    changes: 'something',
    run: end,
  },
  {
    name: 'maintenance status',
    parameters: [],
    summary: 'Tell whether there is a maintenance.',
    changes: 'nothing',
    run: status,
  },
];
