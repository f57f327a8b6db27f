import { type ExpiringRows, expiringRows } from '@app/platform';
import { IDEMPOTENCY_KEY_MS } from './sending/message-acceptance.store.js';

/** What rooms and messages let expire. */
export const CHATROOM_RETENTION: ExpiringRows[] = [
  expiringRows({
    what: 'idempotency keys',
    table: 'idempotency_key',
    column: 'created_at',
    keep: { ms: IDEMPOTENCY_KEY_MS },
  }),
];
