import { groupBy } from './fairness.js';

/** A message as it is stored. */
export interface StoredMessage {
  id: string;
  roomId: string;
  /** Its position in the room. */
  seq: number;
  /** Of a reply: its question; of a question: null. */
  replyTo: string | null;
  superseded: boolean;
  /** The room's number of positions. */
  lastSeq: number;
}

/** A question that has replaced another one, as the client knows it. */
interface AcceptedEdit {
  messageId: string;
  replaces: string;
}

/** The ids of the messages that a room shows, oldest first. */
export interface ShownRoom {
  roomId: string;
  messages: string[];
}

/** What the clients know of edits. */
export interface KnownEdits {
  accepted: AcceptedEdit[];
  /** Questions of which the client doesn't know whether they were replaced. */
  unsure: ReadonlySet<string>;
  /** What the lists show at the end. */
  shown: ShownRoom[];
}

/**
 * Where edits break their law:
 *
 * - A question that was replaced has left the lists with all of its replies; it is replaced once, and no other question leaves.
 * - The positions of a room have no gaps, and none is taken twice.
 * - The lists show what is left, in the order of the positions.
 */
export function brokenEdits(stored: StoredMessage[], { accepted, unsure, shown }: KnownEdits): string[] {
  const replacements = groupBy(accepted, ({ replaces }) => replaces);
  const several = [...replacements].filter(([, edits]) => edits.length > 1);
  const rooms = groupBy(stored, ({ roomId }) => roomId);
  return [
    ...several.map(([id, edits]) => `${id} was replaced ${edits.length} times`),
    ...[...rooms].flatMap(([roomId, messages]) => brokenRoom(roomId, messages, replacements, unsure)),
    ...shown.flatMap(({ roomId, messages }) => brokenList(roomId, messages, rooms.get(roomId) ?? [])),
  ];
}

function brokenRoom(
  roomId: string,
  messages: StoredMessage[],
  replacements: ReadonlyMap<string, AcceptedEdit[]>,
  unsure: ReadonlySet<string>,
): string[] {
  const superseded = new Set(messages.filter((each) => each.superseded).map(({ id }) => id));
  const violations = messages.flatMap(({ id, replyTo }) => {
    const question = replyTo ?? id;
    if (replacements.has(question)) return superseded.has(id) ? [] : [`${id} was replaced, and is still in the lists`];
    if (replyTo === null && superseded.has(id) && !unsure.has(id)) return [`${id} has left the lists without an edit`];
    return [];
  });
  const positions = messages.map(({ seq }) => seq).sort((a, b) => a - b);
  const isWhole = positions.every((seq, index) => seq === index + 1) && messages[0]?.lastSeq === positions.length;
  return isWhole
    ? violations
    : [...violations, `${roomId} has the positions ${positions.join(', ')} of ${messages[0]?.lastSeq}`];
}

function brokenList(roomId: string, shown: string[], messages: StoredMessage[]): string[] {
  const left = messages.filter(({ superseded }) => !superseded).sort((a, b) => a.seq - b.seq);
  const expected = left.map(({ id }) => id);
  return shown.join() === expected.join()
    ? []
    : [`${roomId} shows ${shown.length} messages (${shown.join(', ')}) instead of ${expected.join(', ')}`];
}
