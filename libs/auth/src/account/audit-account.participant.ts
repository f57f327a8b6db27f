import { type AuditEventRow, AuditTrail } from '@app/platform';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountParticipantService } from './account-participant.service.js';

/** The audit trail's part in an export. Its rows outlive an account as pseudonyms, so nothing is erased. */
@Injectable()
export class AuditAccountParticipant implements OnModuleInit {
  constructor(
    private readonly participants: AccountParticipantService,
    private readonly audit: AuditTrail,
  ) {}

  onModuleInit(): void {
    this.participants.register({
      name: 'auditEvents',
      export: (userId) => withoutOperators(this.audit.eventsOf(userId)),
      erase: () => Promise.resolve(),
    });
  }
}

/** Which of the operators did something is not the user's own data. */
async function* withoutOperators(events: AsyncIterable<AuditEventRow>): AsyncIterable<AuditEventRow> {
  for await (const event of events) {
    const { operator, ...detail } = event.detail as Record<string, unknown>;
    yield { ...event, detail: operator === undefined ? detail : { ...detail, byOperator: true } };
  }
}
