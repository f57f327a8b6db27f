import { type AuditEventRow, AuditTrail } from '@app/platform';
import type { Command, CommandContext } from '../command-line/command.js';
import { type Report, tableOf } from '../command-line/report.js';
import { idOf } from './found.js';

/** How many of the newest are shown. */
const SHOWN = 200;

async function audit(context: CommandContext): Promise<Report> {
  const events: AuditEventRow[] = [];
  for await (const event of context.app.get(AuditTrail).eventsOf(idOf(context))) {
    events.push(event);
    if (events.length > SHOWN) events.shift();
  }
  const table = tableOf(null, events, {
    AT: ({ at }) => at,
    ACTION: ({ action }) => action,
    DETAIL: ({ detail }) => JSON.stringify(detail),
    SESSION: ({ sessionId }) => sessionId,
    REQUEST: ({ requestId }) => requestId,
  });
  return { data: events, sections: [table] };
}

/** What happened. */
export const AUDIT_COMMANDS: readonly Command[] = [
  {
    name: 'audit',
    parameters: ['user'],
    summary: 'List what a user has done, and what was done to the account, oldest first.',
    explanation: `The newest ${SHOWN}. Also of an account that was deleted, by its id.`,
    changes: 'nothing',
    run: audit,
  },
];
