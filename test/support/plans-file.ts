import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A plan as it stands in a catalogue's file; see docs/plans.md. */
interface FilePlan {
  label: string;
  dailyMessages: number | null;
  models: string[];
  defaultModel?: string;
  concurrentReplies: number;
  maxOutputTokens: number;
  historyTokens: number;
  maxChatrooms: number;
  maxMessageCharacters: number;
  maxFileBytes?: number;
  fileBytesStored?: number;
  filesPerMessage?: number;
  prices?: Partial<
    Record<'month' | 'year', { id: string; trialDays?: number; promotionCodes?: boolean; automaticTax?: boolean }>
  >;
}

/** A catalogue's file; `basic` and `pro` are in the one that ships. */
export interface PlansFile {
  models: Record<
    string,
    {
      label: string;
      files?: string[];
      usdPerMillion?: { input: number; cached?: number; output: number };
      usdPerThousandSearches?: number;
    }
  >;
  plans: Record<string, FilePlan> & { basic: FilePlan; pro: FilePlan };
}

const SHIPPED = fileURLToPath(new URL('../../plans.json', import.meta.url));

/** A copy of the catalogue that ships, to change and to add to. */
export const shippedPlans = (): PlansFile => JSON.parse(readFileSync(SHIPPED, 'utf8')) as PlansFile;

/**
 * Writes the catalogue that ships, changed, and returns the file's path, for a stack's `PLANS_FILE`. Equal catalogues
 * share a file, so nothing needs to be removed.
 */
export function plansFile(change: (file: PlansFile) => void): string {
  const file = shippedPlans();
  change(file);
  return writePlansFile(JSON.stringify(file, null, 2));
}

/** Writes any text as a catalogue's file, and returns its path. */
export function writePlansFile(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const path = join(tmpdir(), `gemini-chat-plans-${hash}.json`);
  const unfinished = `${path}.${randomUUID()}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
  return path;
}
