import { createStore, type Store, useStore } from './ui/store.js';

/** What the page shows: its address after the `#`. */
export type Route =
  | { page: 'home' }
  | { page: 'room'; roomId: string }
  | { page: 'plan' }
  | { page: 'account' }
  /** A conversation that somebody has shared, for everyone. */
  | { page: 'shared'; token: string };

/** @param hash of the address, such as `#/room/ID` */
function readRoute(hash: string): Route {
  const [, page, id] = hash.split('/');
  if (page === 'room' && id !== undefined && id !== '') return { page, roomId: decodeURIComponent(id) };
  if (page === 'shared' && id !== undefined) return { page, token: decodeURIComponent(id) };
  if (page === 'plan' || page === 'account') return { page };
  return { page: 'home' };
}

/** The address of a view, for links. */
export function hrefOf(route: Route): string {
  if (route.page === 'home') return '#/';
  if (route.page === 'shared') return `#/shared/${encodeURIComponent(route.token)}`;
  return route.page === 'room' ? `#/room/${encodeURIComponent(route.roomId)}` : `#/${route.page}`;
}

const current: Store<Route> = createStore<Route>(readRoute(location.hash));
addEventListener('hashchange', () => current.set(readRoute(location.hash)));

export const useRoute = (): Route => useStore(current);

/** Shows another view. */
export function goTo(route: Route): void {
  location.hash = hrefOf(route);
}
