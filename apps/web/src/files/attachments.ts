import { type ChatFile, isChatError } from '@gemini-chat/client';
import { client } from '../client.js';
import { keepDraftFiles, readDraftFiles } from '../composer/drafts.js';
import { errorText } from '../ui/error-text.js';
import { createStore, type Store } from '../ui/store.js';
import { noteContent } from './file-contents.js';

/** So many uploads run at a time; the API takes ten of a user. */
const MOST_UPLOADS = 3;

/** A file that was chosen for the next message of a room. */
export interface Attachment {
  key: number;
  name: string;
  bytes: number;
  mediaType: string;
  /** Null after the page was loaded anew: then the API alone has it. */
  content: Blob | null;
  /** As the API has it; null before. */
  file: ChatFile | null;
  /** Why it could not be uploaded; null unless it failed. */
  error: string | null;
  /** Whether it may be uploaded where it has failed. */
  mayRetry: boolean;
}

/** Refusals of what the file is: another try would end the same. */
const FINAL: ReadonlySet<string> = new Set(['file_too_large', 'file_type_not_supported']);

export const isUploading = ({ file, error }: Attachment): boolean => file === null && error === null;

let lastKey = 0;

/** The files of the next message of one room. They stay while other rooms are shown; what was uploaded stays over reloads. */
export class Attachments {
  readonly chosen: Store<readonly Attachment[]>;
  private readonly uploads = new Map<number, AbortController>();
  /** Those whose upload has not begun. */
  private readonly waiting: number[] = [];

  constructor(private readonly roomId: string) {
    this.chosen = createStore<readonly Attachment[]>(readDraftFiles(roomId).map(uploaded));
  }

  /** Begins to upload each of them. */
  add(files: readonly File[]): void {
    const added = files.map((content): Attachment => ({
      key: ++lastKey,
      name: content.name,
      bytes: content.size,
      mediaType: content.type,
      content,
      file: null,
      error: null,
      mayRetry: false,
    }));
    this.set([...this.chosen.get(), ...added]);
    for (const { key } of added) this.enqueue(key);
  }

  /** Tries once more to upload one that failed. */
  retry(key: number): void {
    this.update(key, { error: null, mayRetry: false });
    this.enqueue(key);
  }

  /** Puts back what was taken out to be sent. */
  putBack(files: readonly ChatFile[]): void {
    this.set([...files.map(uploaded), ...this.chosen.get()]);
  }

  /** Takes one out of the message. No other message can have it yet, so that it is deleted. */
  remove(key: number): void {
    const file = this.chosen.get().find((each) => each.key === key)?.file ?? null;
    this.set(this.chosen.get().filter((each) => each.key !== key));
    this.uploads.get(key)?.abort();
    if (file !== null) deleteUnused(file);
  }

  /** Takes all out, to be sent. @returns what was uploaded, in the order of choice */
  take(): ChatFile[] {
    const files = filesOf(this.chosen.get());
    this.set([]);
    return files;
  }

  /** Ends what runs, of a user who is no longer logged in. */
  end(): void {
    this.waiting.length = 0;
    for (const upload of this.uploads.values()) upload.abort();
  }

  private enqueue(key: number): void {
    this.waiting.push(key);
    this.uploadNext();
  }

  private uploadNext(): void {
    while (this.uploads.size < MOST_UPLOADS) {
      const key = this.waiting.shift();
      if (key === undefined) return;
      const content = this.chosen.get().find((each) => each.key === key)?.content;
      if (content == null) continue;
      void this.upload(key, content).finally(() => {
        this.uploads.delete(key);
        this.uploadNext();
      });
    }
  }

  private async upload(key: number, content: Blob): Promise<void> {
    const controller = new AbortController();
    this.uploads.set(key, controller);
    const name = this.chosen.get().find((each) => each.key === key)?.name;
    try {
      const file = await client.files.upload(content, { name, signal: controller.signal });
      // It was removed while its last bytes were on their way.
      if (controller.signal.aborted) return deleteUnused(file);
      noteContent(file.id, content);
      // The API says what it is, by its content.
      this.update(key, { file, name: file.name, bytes: file.bytes, mediaType: file.mediaType });
    } catch (error) {
      // It was removed, or its user has logged out, of whom nothing is to be kept.
      if (controller.signal.aborted) return;
      this.update(key, { error: errorText(error), mayRetry: !isChatError(error) || !FINAL.has(error.code) });
    }
  }

  private update(key: number, changes: Partial<Attachment>): void {
    this.set(this.chosen.get().map((each) => (each.key === key ? { ...each, ...changes } : each)));
  }

  private set(chosen: readonly Attachment[]): void {
    this.chosen.set(chosen);
    keepDraftFiles(this.roomId, filesOf(chosen));
  }
}

const filesOf = (chosen: readonly Attachment[]): ChatFile[] =>
  chosen.map(({ file }) => file).filter((file) => file !== null);

const uploaded = (file: ChatFile): Attachment => ({
  key: ++lastKey,
  name: file.name,
  bytes: file.bytes,
  mediaType: file.mediaType,
  content: null,
  file,
  error: null,
  mayRetry: false,
});

/** Deletes a file that no message has. Where that fails, the API deletes it by itself in some time. */
export const deleteUnused = ({ id }: ChatFile): void => void client.files.delete(id).catch(() => undefined);

const byRoom = new Map<string, Attachments>();

/** The files of the next message of a room. */
export function attachmentsOf(roomId: string): Attachments {
  const known = byRoom.get(roomId) ?? new Attachments(roomId);
  byRoom.set(roomId, known);
  return known;
}

/** Forgets what was chosen, when someone logs out. */
export function forgetAttachments(): void {
  for (const attachments of byRoom.values()) attachments.end();
  byRoom.clear();
}
