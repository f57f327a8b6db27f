import { MessageAcceptanceStore } from '@app/chatroom/testing';
import type { Clock, Database } from '@app/platform';
import { ExhaustedQuotaCache, QuotaConfig, QuotaLedgerStore } from '@app/subscription';

/** Accepts messages as an API process with this clock does, and reads the ledger that they are charged to. */
export function messageAcceptance(
  database: Database,
  clock: Clock,
  dailyMessages = new QuotaConfig().BASIC_DAILY_MESSAGES,
) {
  const quota = Object.assign(new QuotaConfig(), { BASIC_DAILY_MESSAGES: dailyMessages });
  const ledger = new QuotaLedgerStore(database, clock, quota);
  const acceptance = new MessageAcceptanceStore(database, clock, quota, ledger, new ExhaustedQuotaCache());
  return { acceptance, ledger };
}
