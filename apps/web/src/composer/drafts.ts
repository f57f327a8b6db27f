const UNSENT = 'unsent:';
const keyOf = (roomId: string): string => `draft:${roomId}`;

/** The message that was begun in a room. Kept by this tab, over reloads. */
export const readDraft = (roomId: string): string => sessionStorage.getItem(keyOf(roomId)) ?? '';

export const keepDraft = (roomId: string, text: string): void => keep(keyOf(roomId), text);

/** Keeps what was refused in a room, so that it is the draft when the page is loaded anew, as after a payment. */
export const keepUnsent = (roomId: string, text: string): void => keep(UNSENT + roomId, text);

function keep(key: string, text: string): void {
  if (text === '') sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, text);
}

for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith(UNSENT))) {
  const roomId = key.slice(UNSENT.length);
  keepDraft(roomId, `${sessionStorage.getItem(key)}\n\n${readDraft(roomId)}`.trim());
  keep(key, '');
}
