import { groupBy } from './fairness.js';

/** What is stored of files, in whichever tables and stores. */
export interface StoredFiles {
  messages: FilesOfMessage[];
  /** Which messages have which files. */
  uses: { messageId: string; fileId: string }[];
  files: StoredFile[];
  /** The bytes in the stores: parts of unfinished uploads, too. */
  contents: { fileId: string; bytes: number }[];
  /** Ids of files whose bytes are to be removed. */
  removals: string[];
}

/** A message as it is stored, and the ids of its files in their order. */
interface FilesOfMessage {
  id: string;
  roomId: string;
  role: 'user' | 'bot';
  status: string;
  /** Of a reply: its question. */
  replyTo: string | null;
  content: string;
  files: string[];
}

interface StoredFile {
  id: string;
  bytes: number;
  /** Whether the file is deleted at some time for the lack of a message. */
  expires: boolean;
}

/** What the clients know of files. */
export interface KnownFiles {
  /** What was accepted, with the ids of the files that were sent. The text of each is unique. */
  accepted: readonly { messageId: string; roomId: string; content: string; files: string[] }[];
  /** The SHA-256 of each file that was uploaded. */
  digests: ReadonlyMap<string, string>;
  /** What the API gives of files: the SHA-256 of their bytes, or null for a file that it doesn't know. */
  read: ReadonlyMap<string, string | null>;
  /** Rooms whose deletion was confirmed. */
  deletedRooms: ReadonlySet<string>;
  /** Files that no message had, and whose deletion was confirmed. */
  deletedFiles: ReadonlySet<string>;
}

/**
 * Where files break their law:
 *
 * - Each accepted message has exactly the files that were sent, in their order; copies of it in a fork have the same.
 * - Each file of a message can be read, with the bytes that were uploaded, and the model has got those.
 * - No message of a deleted room is left, and no deleted file can be read.
 */
export function brokenFiles(stored: StoredFiles, known: KnownFiles): string[] {
  const { accepted, digests, read, deletedRooms, deletedFiles } = known;
  const messages = new Map(stored.messages.map((message) => [message.id, message]));
  const sent = new Map(accepted.map(({ content, files }) => [content, files.join()]));
  const used = new Set(stored.messages.flatMap(({ files }) => files));
  const isRight = (id: string): boolean => read.get(id) !== undefined && read.get(id) === digests.get(id);
  return [
    ...accepted
      .filter(({ messageId, roomId }) => !messages.has(messageId) && !deletedRooms.has(roomId))
      .map(({ messageId }) => `${messageId} is missing`),
    ...stored.messages
      .filter(({ role, content, files }) => role === 'user' && (sent.get(content) ?? files.join()) !== files.join())
      .map(({ id, content, files }) => `${id} has the files [${files.join()}] instead of [${sent.get(content)}]`),
    ...[...used].filter((id) => !isRight(id)).map((id) => `${id} is read as ${read.get(id) ?? 'missing'}`),
    ...stored.messages.flatMap((reply) => unheard(reply, messages.get(reply.replyTo ?? ''), digests)),
    ...stored.messages
      .filter(({ roomId }) => deletedRooms.has(roomId))
      .map(({ id, roomId }) => `${id} is left of ${roomId}, which was deleted`),
    ...[...deletedFiles].filter((id) => (read.get(id) ?? null) !== null).map((id) => `${id} can be read after its end`),
  ];
}

/**
 * The sandbox's model tells the beginnings of the digests of what it got. Of an answer that was stopped or broke off that may
 * be missing; of a whole one it is not, as long as no directive has given the model another text than its echo.
 */
function unheard(
  { id, status, content }: FilesOfMessage,
  question: FilesOfMessage | undefined,
  digests: ReadonlyMap<string, string>,
): string[] {
  if (question === undefined) return [];
  const isWhole = status === 'completed' && content.includes(`You said: "${question.content}".`);
  const heard = /"\. I got: ([^.]*)\./.exec(content)?.[1] ?? (isWhole ? '' : undefined);
  if (heard === undefined) return [];
  const told = [...heard.matchAll(/ bytes, ([0-9a-f]{8})/g)].map(([, digest]) => digest).join();
  const expected = question.files.map((file) => digests.get(file)?.slice(0, 8)).join();
  return told === expected ? [] : [`${id} answers files with [${told}] instead of [${expected}]`];
}

/**
 * What is left that nothing refers to, once the sweep has been there, and what refers to nothing:
 *
 * - A message's files and `message_file` say the same.
 * - A file stays exactly as long as a message has it.
 * - The stores have the bytes of files, whole, and no other; none is left to be removed.
 */
export function orphans({ messages, uses, files, contents, removals }: StoredFiles): string[] {
  const known = new Map(files.map((file) => [file.id, file]));
  const listed = new Set(messages.flatMap(({ id, files: ids }) => ids.map((file) => `${id} ${file}`)));
  const linked = new Set(uses.map(({ messageId, fileId }) => `${messageId} ${fileId}`));
  const used = new Set(uses.map(({ fileId }) => fileId));
  const bytes = new Map([...groupBy(contents, ({ fileId }) => fileId)].map(([id, parts]) => [id, sum(parts)]));
  return [
    ...[...listed].filter((use) => !linked.has(use)).map((use) => `message_file lacks ${use}`),
    ...[...linked].filter((use) => !listed.has(use)).map((use) => `message_file has ${use}, the message has not`),
    ...[...used].filter((id) => !known.has(id)).map((id) => `${id} is in a message, and has no row`),
    ...files.flatMap(({ id, expires }) => {
      if (used.has(id)) return expires ? [`${id} is in a message, and expires`] : [];
      return [expires ? `${id} has expired, and is left` : `${id} is in no message, and never expires`];
    }),
    ...[...bytes.keys()].filter((id) => !known.has(id)).map((id) => `${id} has bytes, and no row`),
    ...files
      .filter((file) => (bytes.get(file.id) ?? 0) !== file.bytes)
      .map((file) => `${file.id} has ${bytes.get(file.id) ?? 0} bytes instead of ${file.bytes}`),
    ...removals.map((id) => `${id} is still to be removed`),
  ];
}

const sum = (parts: { bytes: number }[]): number => parts.reduce((total, { bytes }) => total + bytes, 0);
