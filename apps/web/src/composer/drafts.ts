const keyOf = (roomId: string): string => `draft:${roomId}`;

/** The message that was begun in a room. Kept by this tab, over reloads. */
export const readDraft = (roomId: string): string => sessionStorage.getItem(keyOf(roomId)) ?? '';

export function keepDraft(roomId: string, text: string): void {
  if (text === '') sessionStorage.removeItem(keyOf(roomId));
  else sessionStorage.setItem(keyOf(roomId), text);
}
