import { KINDS_OF_USE, NO_USE, type Purpose, type SeenCall, type Use } from './seen-calls.js';

/** What the ledger, or the replies, say of one client's calls of one model for one purpose. */
interface Sums {
  /** Null: of no client. */
  client: string | null;
  model: string;
  purpose: Purpose;
  use: Use;
}

/** Rows of the ledger, with the calls that are under way, as the estimates that they will become. */
export interface LedgerSums extends Sums {
  calls: number;
  estimated: number;
}

/** What must be in the ledger by the rows of messages. */
export interface StoredSums extends Sums {
  /** At most so many calls can have been begun: each claim of a reply begins one or none, each complete answer one title. */
  begun: number;
  /** Calls whose use stands in a reply: the statement that stored it has recorded the same. */
  told: number;
}

/**
 * Where the ledger breaks its law. For each client, model and purpose:
 *
 * - Each call that the sandbox has seen is in it: `seen ≤ calls`. There may be more, since a worker can die between the
 *   claim and the call; but no claim counts twice: `calls ≤ begun`.
 * - Each call that isn't marked as an estimate was answered or refused, so that its use could be known:
 *   `calls − estimated ≤ answered`; and what a reply says of its use is no estimate: `told ≤ calls − estimated`. Between
 *   the two are answers that came while their worker died or lost its lease.
 * - The tokens and searches are at least those that replies tell, and those of as many answered calls as aren't estimates. Where nothing
 *   was estimated they are exact; only of the answer of a stopped call less may have arrived than the sandbox has sent.
 */
export function brokenUsage(ledger: LedgerSums[], stored: StoredSums[], calls: SeenCall[]): string[] {
  const keys = new Set([...ledger, ...stored, ...calls].map(keyOf));
  return [...keys].flatMap((key) => {
    const [row] = ledger.filter((each) => keyOf(each) === key);
    const [reply] = stored.filter((each) => keyOf(each) === key);
    const seen = calls.filter((each) => keyOf(each) === key);
    return judge(row, reply, seen).map((violation) => `${key}: ${violation}`);
  });
}

const keyOf = ({ client, model, purpose }: Pick<Sums, 'client' | 'model' | 'purpose'>): string =>
  `${client ?? 'no client'}, ${model}, ${purpose}`;

function judge(row: LedgerSums | undefined, stored: StoredSums | undefined, seen: SeenCall[]): string[] {
  const { calls = 0, estimated = 0, use = NO_USE, purpose } = row ?? {};
  const exact = calls - estimated;
  const known = seen.flatMap((call) => call.known ?? []);
  const { told = 0, begun = 0 } = stored ?? {};
  const violations: string[] = [];
  if (seen.length > calls) violations.push(`${seen.length} calls were made, ${calls} are recorded`);
  if (calls > begun && purpose !== 'probe') violations.push(`${calls} calls are recorded, ${begun} were begun`);
  if (exact > known.length) violations.push(`the use of ${known.length} calls was told, of ${exact} it is recorded`);
  if (told > exact) violations.push(`${told} replies tell their use, ${exact} calls are recorded with it`);
  for (const kind of KINDS_OF_USE) {
    const sorted = known.map((told) => told[kind]).sort((a, b) => a - b);
    const least = kind === 'reply' || kind === 'searches' ? 0 : sum(sorted.slice(0, exact));
    const atLeast = Math.max(least, stored?.use[kind] ?? 0);
    const atMost = estimated === 0 && exact > 0 ? sum(sorted.slice(-exact)) : Infinity;
    const what = kind === 'searches' ? kind : `${kind} tokens`;
    if (use[kind] < atLeast || use[kind] > atMost)
      violations.push(`${use[kind]} ${what} are recorded instead of ${atLeast} to ${atMost}`);
  }
  return violations;
}

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);
