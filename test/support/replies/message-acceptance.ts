import { MessageAcceptanceStore } from '@app/chatroom/testing';
import { ReplyConfig, ReplyStore } from '@app/gemini/testing';
import { type Clock, type Database, Metrics } from '@app/platform';
import {
  CapacityService,
  CatalogueConfig,
  ExhaustedQuotaCache,
  loadPlanCatalogue,
  PlanCatalogue,
  QuotaLedgerStore,
  QuotaMetrics,
} from '@app/subscription';

/**
 * Accepts messages as an API process with this clock does, answers them as a worker does, and reads the ledger that they are
 * charged to.
 *
 * @param dailyMessages of the Basic plan
 * @param concurrentReplies of every plan
 * @param file the path of a catalogue's file, other than the one that ships
 */
export function messageAcceptance(
  database: Database,
  clock: Clock,
  dailyMessages = 5,
  concurrentReplies = 100,
  file?: string,
) {
  const settings = { BASIC_DAILY_MESSAGES: dailyMessages, ...(file === undefined ? {} : { PLANS_FILE: file }) };
  const { plans, models } = loadPlanCatalogue(Object.assign(new CatalogueConfig(), settings));
  const catalogue = new PlanCatalogue(
    plans.map((plan) => ({ ...plan, concurrentReplies })),
    models,
  );
  const ledger = new QuotaLedgerStore(database, clock, catalogue);
  const capacity = new CapacityService();
  const exhausted = new ExhaustedQuotaCache();
  const quota = new QuotaMetrics(new Metrics());
  const acceptance = new MessageAcceptanceStore(database, clock, catalogue, ledger, exhausted, capacity, quota);
  const replies = new ReplyStore(database, clock, catalogue, new ReplyConfig());
  return { acceptance, ledger, replies, capacity };
}
