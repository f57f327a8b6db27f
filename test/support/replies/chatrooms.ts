import { ChatroomService, ChatroomStore } from '@app/chatroom/testing';
import type { Clock, Database } from '@app/platform';
import { CatalogueConfig, loadPlanCatalogue, PlanStore } from '@app/subscription';

/**
 * Rooms as an API process with this clock has them.
 *
 * @param settings of the catalogue, such as `PLANS_FILE`
 */
export function chatrooms(database: Database, clock: Clock, settings: Partial<CatalogueConfig> = {}) {
  const catalogue = loadPlanCatalogue(Object.assign(new CatalogueConfig(), settings));
  const store = new ChatroomStore(database, clock, catalogue);
  const rooms = new ChatroomService(store, new PlanStore(database, clock, catalogue), catalogue);
  return { rooms, store, catalogue };
}
