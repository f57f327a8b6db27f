import type { NewRoom, Room, RoomChanges } from '@gemini-chat/client';
import { client } from '../client.js';
import { goTo } from '../route.js';
import { announce } from '../tabs.js';
import { notifyError } from '../ui/notices.js';
import { createStore } from '../ui/store.js';

/** The list of rooms, as far as it is loaded. */
export interface RoomList {
  status: 'loading' | 'ready' | 'failed';
  /** Pinned first, then latest activity. */
  rooms: Room[];
  nextCursor: string | null;
  /** Whether these are the archived ones. */
  archived: boolean;
}

const PAGE = 50;
const MAX_PAGE = 100;

/** When a room is read again that has no name yet: a worker names it soon after the first exchange. */
const NAMED_AFTER_MS = [700, 1_500, 3_000, 6_000];

const NOTHING: RoomList = { status: 'loading', rooms: [], nextCursor: null, archived: false };

export const roomList = createStore<RoomList>(NOTHING);

/** The room whose conversation is shown. The list may not hold it, e.g. an archived one that a link leads to. */
export const shownRoom = createStore<Room | null>(null);

/** Counts the loads, so that the answer of an older one doesn't overwrite that of a newer one. */
let loads = 0;

/** Loads the list anew, as far as it was loaded: what is shown further down doesn't leave it by that. */
export async function loadRooms(): Promise<void> {
  const load = ++loads;
  const { archived, rooms } = roomList.get();
  try {
    const read = await readRooms(archived, () => load === loads);
    if (load === loads) roomList.set({ status: 'ready', ...read, archived });
  } catch (error) {
    if (load !== loads) return;
    if (rooms.length === 0) roomList.set({ ...roomList.get(), status: 'failed' });
    notifyError(error);
  }
}

/**
 * Reads as many rooms of the beginning of the list as are shown when the last page comes, rounded up to a page: another page may be
 * shown meanwhile.
 *
 * @param isWanted whether to read on
 */
async function readRooms(archived: boolean, isWanted: () => boolean): Promise<Pick<RoomList, 'rooms' | 'nextCursor'>> {
  const shown = (): number => roomList.get().rooms.length;
  const list = client.rooms.list({ archived, limit: Math.min(MAX_PAGE, Math.max(PAGE, shown())) });
  const rooms = new Map<string, Room>();
  let nextCursor: string | null = null;
  do {
    const page = await list.page(nextCursor ?? undefined);
    for (const room of page.items) rooms.set(room.id, room);
    nextCursor = page.nextCursor;
  } while (nextCursor !== null && isWanted() && rooms.size < shown());
  return { rooms: [...rooms.values()], nextCursor };
}

/** Forgets the rooms of who was logged in, and what is still being loaded of them. */
export function forgetRooms(): void {
  loads++;
  roomList.set(NOTHING);
  shownRoom.set(null);
}

/** Loads the next page. */
export async function loadMoreRooms(): Promise<void> {
  const { nextCursor, archived } = roomList.get();
  if (nextCursor === null) return;
  const load = loads;
  try {
    const page = await client.rooms.list({ archived, limit: PAGE }).page(nextCursor);
    if (load !== loads) return;
    const known = roomList.get().rooms;
    const added = page.items.filter(({ id }) => known.every((room) => room.id !== id));
    roomList.set({ ...roomList.get(), rooms: [...known, ...added], nextCursor: page.nextCursor });
  } catch (error) {
    notifyError(error);
  }
}

/** Shows the archived rooms, or the others. */
export async function showArchived(archived: boolean): Promise<void> {
  roomList.set({ ...NOTHING, archived });
  await loadRooms();
}

/** Makes a room and shows it. */
export const createAndOpenRoom = (room: NewRoom = {}): Promise<void> => openNew(() => client.rooms.create(room));

/** Copies a conversation up to and with a message into a new room, and shows that. */
export const forkAndOpenRoom = (roomId: string, messageId: string): Promise<void> =>
  openNew(() => client.rooms.fork(roomId, messageId));

async function openNew(create: () => Promise<Room>): Promise<void> {
  try {
    const { id } = await create();
    goTo({ page: 'room', roomId: id });
    if (roomList.get().archived) await showArchived(false);
    else await loadRooms();
    announce({ what: 'rooms' });
  } catch (error) {
    notifyError(error);
  }
}

/** Changes a room. @throws ChatError when the API refuses; the list is as before then */
export async function changeRoom(roomId: string, changes: RoomChanges): Promise<void> {
  const changed = await client.rooms.update(roomId, changes);
  const list = roomList.get();
  roomList.set({ ...list, rooms: list.rooms.map((room) => (room.id === roomId ? changed : room)) });
  if (shownRoom.get()?.id === roomId) shownRoom.set(changed);
  await loadRooms();
  announce({ what: 'rooms' });
}

/** @throws ChatError when the API refuses */
export async function deleteRoom(roomId: string): Promise<void> {
  await client.rooms.delete(roomId);
  if (location.hash.endsWith(roomId)) goTo({ page: 'home' });
  await loadRooms();
  announce({ what: 'rooms' });
}

/** Who waits for the name of a room, by its id: the latest alone. */
const waiting = new Map<string, symbol>();

/** To be called when a message was sent, and when its reply has ended: the order of the list and a room's name follow. */
export function noteExchange(roomId: string): void {
  void loadRooms();
  announce({ what: 'rooms' });
  void untilNamed(roomId);
}

async function untilNamed(roomId: string): Promise<void> {
  const own = Symbol(roomId);
  waiting.set(roomId, own);
  for (const wait of NAMED_AFTER_MS) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const room = roomList.get().rooms.find(({ id }) => id === roomId);
    if (waiting.get(roomId) !== own || room === undefined || room.title !== null) return;
    await loadRooms();
    announce({ what: 'rooms' });
  }
}
