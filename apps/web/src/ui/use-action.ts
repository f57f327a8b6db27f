import { useState } from 'preact/hooks';
import { errorText } from './error-text.js';

/** Something that a button does: whether it runs, and why it failed. */
export interface Action<Input> {
  run: (input: Input) => void;
  busy: boolean;
  /** Why it failed last; null while it runs or when it went well. */
  error: string | null;
}

/** Runs one thing at a time. What it throws becomes words. */
export function useAction<Input = void>(work: (input: Input) => Promise<unknown>): Action<Input> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = (input: Input): void => {
    if (busy) return;
    setBusy(true);
    setError(null);
    work(input)
      .catch((reason: unknown) => setError(errorText(reason)))
      .finally(() => setBusy(false));
  };
  return { run, busy, error };
}
