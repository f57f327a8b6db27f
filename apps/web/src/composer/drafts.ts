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

/** The edit that was begun in a room; null: none. Kept as drafts are, e.g. where a phone ends the page in the background. */
export const readEdit = (roomId: string): EditDraft | null =>
  JSON.parse(sessionStorage.getItem(EDIT + roomId) ?? 'null') as EditDraft | null;

export const keepEdit = (roomId: string, edit: EditDraft | null): void =>
  keep(EDIT + roomId, edit === null ? '' : JSON.stringify(edit));

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

/** The rooms for which something is kept under a key that begins so. */
const roomsWith = (prefix: string): string[] =>
  Object.keys(sessionStorage)
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));

for (const roomId of roomsWith(UNSENT)) {
  keepDraft(roomId, `${sessionStorage.getItem(UNSENT + roomId)}\n\n${readDraft(roomId)}`.trim());
  keep(UNSENT + roomId, '');
}

for (const roomId of roomsWith(UNSENT_FILES)) {
  keepDraftFiles(roomId, [...readFiles(UNSENT_FILES + roomId), ...readDraftFiles(roomId)]);
  keep(UNSENT_FILES + roomId, '');
}
