import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';

/** What the calls of one day used. */
export interface DayUsage {
  tokens: number;
  /** Null: a model has no price. */
  usd: number | null;
}

/** What was used today (UTC). @param version when it changes, it is read anew; null: not now, since a reply is being written */
export function useTodaysUsage(version: string | null): DayUsage | null {
  const [usage, setUsage] = useState<DayUsage | null>(null);
  useEffect(() => {
    if (version === null) return undefined;
    let current = true;
    readToday().then(
      (today) => current && setUsage(today),
      // A line under the composer isn't worth a message: the last one stays.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [version]);
  return usage;
}

async function readToday(): Promise<DayUsage> {
  const day = new Date().toISOString().slice(0, 10);
  const usage: DayUsage = { tokens: 0, usd: 0 };
  for await (const { promptTokens, thoughtTokens, replyTokens, costUsd } of client.usage({ from: day, to: day })) {
    usage.tokens += promptTokens + thoughtTokens + replyTokens;
    usage.usd = usage.usd === null || costUsd === null ? null : usage.usd + costUsd;
  }
  return usage;
}
