import type { ChatFile } from '@gemini-chat/client';

const DRAFT = 'draft:';
const DRAFT_FILES = 'draft-files:';
const UNSENT = 'unsent:';
const UNSENT_FILES = 'unsent-files:';
const EDIT = 'edit:';

/** The message that was begun in a room. Kept by this tab, over reloads. */
export const readDraft = (roomId: string): string => sessionStorage.getItem(DRAFT + roomId) ?? '';

export const keepDraft = (roomId: string, text: string): void => keep(DRAFT + roomId, text);

/** The files that were uploaded for the next message of a room. */
export const readDraftFiles = (roomId: string): ChatFile[] => readFiles(DRAFT_FILES + roomId);

export const keepDraftFiles = (roomId: string, files: readonly ChatFile[]): void =>
  keepFiles(DRAFT_FILES + roomId, files);

/** A question that is being edited, and what it is to be. */
interface EditDraft {
  /** The question's id. */
  id: string;
  text: string;
}

const editKey = (roomId: string, id: string): string => `${EDIT}${roomId}/${id}`;

/** The edits that were begun in a room. Kept as drafts are, e.g. where a phone ends the page in the background. */
export const readEdits = (roomId: string): EditDraft[] =>
  keptUnder(editKey(roomId, '')).map((id) => ({ id, text: readEdit(roomId, id) ?? '' }));

/** What a question is to be; null: no edit of it was begun. */
export const readEdit = (roomId: string, id: string): string | null => sessionStorage.getItem(editKey(roomId, id));

/** Of a message with files, the text may be empty. */
export const keepEdit = (roomId: string, { id, text }: EditDraft): void =>
  sessionStorage.setItem(editKey(roomId, id), text);

export const forgetEdit = (roomId: string, id: string): void => sessionStorage.removeItem(editKey(roomId, id));

/** Keeps what was refused in a room, so that it is the draft when the page is loaded anew, as after a payment. */
export function keepUnsent(roomId: string, text: string, files: readonly ChatFile[]): void {
  keep(UNSENT + roomId, text);
  keepFiles(UNSENT_FILES + roomId, files);
}

/** Forgets what was written and not sent, when someone logs out. */
export function forgetDrafts(): void {
  const prefixes = [DRAFT, DRAFT_FILES, UNSENT, UNSENT_FILES, EDIT];
  for (const key of Object.keys(sessionStorage))
    if (prefixes.some((prefix) => key.startsWith(prefix))) sessionStorage.removeItem(key);
}

function keep(key: string, text: string): void {
  if (text === '') sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, text);
}

const keepFiles = (key: string, files: readonly ChatFile[]): void =>
  keep(key, files.length === 0 ? '' : JSON.stringify(files));

const readFiles = (key: string): ChatFile[] => JSON.parse(sessionStorage.getItem(key) ?? '[]') as ChatFile[];

/** The ids for which something is kept under a key that begins so. */
function keptUnder(prefix: string): string[] {
  const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(prefix));
  return keys.map((key) => key.slice(prefix.length));
}

for (const roomId of keptUnder(UNSENT)) {
  keepDraft(roomId, `${sessionStorage.getItem(UNSENT + roomId)}\n\n${readDraft(roomId)}`.trim());
  keep(UNSENT + roomId, '');
}

for (const roomId of keptUnder(UNSENT_FILES)) {
  keepDraftFiles(roomId, [...readFiles(UNSENT_FILES + roomId), ...readDraftFiles(roomId)]);
  keep(UNSENT_FILES + roomId, '');
}
