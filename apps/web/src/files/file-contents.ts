import { client } from '../client.js';

/** So many are kept: those that were just uploaded or shown. The browser keeps large ones on disk. */
const MOST_CONTENTS = 20;

/** By the file's id, the one that was asked for last at the end. */
const contents = new Map<string, Promise<Blob>>();

/** A file's bytes, by the client, since an address alone would not have the owner's token. Rejects with a `ChatError`. */
export function contentOf(fileId: string): Promise<Blob> {
  const content = contents.get(fileId) ?? client.files.content(fileId);
  keep(fileId, content);
  content.catch(() => contents.delete(fileId));
  return content;
}

/** Spares the download of what this page has uploaded itself. */
export const noteContent = (fileId: string, content: Blob): void => keep(fileId, Promise.resolve(content));

/** Forgets what the user before has seen. */
export const forgetContents = (): void => contents.clear();

function keep(fileId: string, content: Promise<Blob>): void {
  contents.delete(fileId);
  contents.set(fileId, content);
  const [oldest] = contents.keys();
  if (contents.size > MOST_CONTENTS && oldest !== undefined) contents.delete(oldest);
}
