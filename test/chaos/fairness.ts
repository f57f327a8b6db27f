import type { SeenCall } from './seen-calls.js';

/** A reply's life by PostgreSQL, in milliseconds since 1970. */
export interface ReplyLife {
  /** The question, whose text no other message has. */
  prompt: string;
  from: number;
  to: number;
}

/** A worker that didn't run for a while, in milliseconds since 1970. */
export interface Freeze {
  apiKey: string;
  from: number;
  to: number;
}

/** The sandbox hears a little later than the worker that the worker has closed the connection. */
const CLOSING_MS = 200;

/** How long a worker that runs again may need to find that it has lost a reply. */
const WAKING_MS = 1_500;

/**
 * The most calls for replies of one client at a moment, by client. What is left of a call that doesn't count any more is
 * left out, since its worker can't know that yet:
 * - after the reply's newer call has begun: another worker has taken the reply from one whose lease had expired;
 * - outside of the life of its reply: it was cancelled while no lease was running;
 * - while its worker is frozen, and shortly after: then the reply may be taken and released, without another call.
 * A worker that is killed needs no exception: its connections are closed by the kernel.
 *
 * @param calls of all purposes
 * @param lives of all replies
 */
export function mostAtOnce(calls: SeenCall[], lives: ReplyLife[], freezes: Freeze[]): Map<string, number> {
  const livesOf = groupBy(lives, ({ prompt }) => prompt);
  const counted: (SeenCall & { client: string })[] = [];
  for (const ofPrompt of groupBy(calls.filter(isForReply), ({ prompt }) => prompt).values()) {
    ofPrompt.sort((a, b) => a.from - b.from);
    for (const [i, call] of ofPrompt.entries()) {
      const life = livesOf.get(call.prompt)?.find(({ from, to }) => from <= call.from && call.from <= to);
      if (life === undefined || freezes.some((freeze) => begunIn(freeze, call))) continue;
      const frozenAt = freezes.filter(({ apiKey, from }) => apiKey === call.apiKey && from >= call.from);
      const ends = [life.to, ofPrompt[i + 1]?.from ?? Infinity, ...frozenAt.map(({ from }) => from)];
      counted.push({ ...call, to: Math.min(call.aborted ? call.to - CLOSING_MS : call.to, ...ends) });
    }
  }
  return new Map([...groupBy(counted, ({ client }) => client)].map(([client, own]) => [client, mostOpen(own)]));
}

const isForReply = (call: SeenCall): call is SeenCall & { client: string } => call.purpose === 'reply';

const begunIn = ({ apiKey, from, to }: Freeze, call: SeenCall): boolean =>
  apiKey === call.apiKey && from <= call.from && call.from <= to + WAKING_MS;

function mostOpen(calls: SeenCall[]): number {
  const changes = calls
    .filter(({ from, to }) => from < to)
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    // An end and a beginning in the same millisecond are one after the other.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let open = 0;
  return Math.max(0, ...changes.map(({ by }) => (open += by)));
}

/** The items by their key. */
export function groupBy<Item, Key>(items: Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
