import { MessageAcceptanceStore } from '@app/chatroom/testing';
import type { Clock, Database } from '@app/platform';
import { CatalogueConfig, ExhaustedQuotaCache, loadPlanCatalogue, QuotaLedgerStore } from '@app/subscription';

/** Accepts messages as an API process with this clock does, and reads the ledger that they are charged to. */
export function messageAcceptance(database: Database, clock: Clock, dailyMessages = 5) {
  const config = Object.assign(new CatalogueConfig(), { BASIC_DAILY_MESSAGES: dailyMessages });
  const catalogue = loadPlanCatalogue(config);
  const ledger = new QuotaLedgerStore(database, clock, catalogue);
  const acceptance = new MessageAcceptanceStore(database, clock, catalogue, ledger, new ExhaustedQuotaCache());
  return { acceptance, ledger, catalogue };
}
