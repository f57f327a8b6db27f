import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.client.js';
import { type BoundStatement, prepared } from '../database/prepared-statement.js';
import type { AuditEntry } from './audit-event.js';

// Written again after an answer that got lost, an event is one row all the same.
const INSERT = prepared<{ id: string }>(
  'audit_event_insert',
  `
    INSERT INTO audit_event (id, at, action, user_id, session_id, address_hash, request_id, detail)
    SELECT id, at, action, "userId", "sessionId", decode("addressHash", 'hex'), "requestId", COALESCE(detail, '{}')
    FROM jsonb_to_recordset($1::jsonb) AS event (id uuid, at timestamptz, action text, "userId" uuid, "sessionId" uuid,
      "addressHash" text, "requestId" text, detail jsonb)
    ON CONFLICT (id) DO NOTHING
    RETURNING id::text`,
);

/** What a user gets to see. The hash of an address says nothing to anybody without the server's secret. */
const EXPORTED = { id: true, at: true, action: true, sessionId: true, requestId: true, detail: true } as const;

/** An event as its user gets to see it. */
export interface AuditEventRow {
  id: string;
  at: Date;
  action: string;
  sessionId: string | null;
  requestId: string | null;
  detail: unknown;
}

/** The audit trail in PostgreSQL. Rows have no foreign keys: they outlive what they tell of. */
@Injectable()
export class AuditEventStore {
  constructor(private readonly database: Database) {}

  async insert(entries: readonly AuditEntry[]): Promise<void> {
    await this.database.run(INSERT, [JSON.stringify(entries)]);
  }

  /** At most `limit` events of a user after one of them, oldest first. */
  eventsAfter(userId: string, after: string | null, limit: number): Promise<AuditEventRow[]> {
    return this.database.prisma.auditEvent.findMany({
      where: { userId, ...(after === null ? {} : { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: limit,
      select: EXPORTED,
    });
  }

  /** The same for a transaction of the caller's. */
  insertion(entry: AuditEntry): BoundStatement {
    return { statement: INSERT, values: [JSON.stringify([entry])] };
  }
}
