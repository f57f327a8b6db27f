import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * A value that changes often, as it was at the last frame. A tab in the background has no frames, and shows it when it is seen.
 * @param everyMs the least time between two values; null: at once
 */
export function useThrottled<Value>(value: Value, everyMs: number | null): Value {
  const [shown, setShown] = useState(value);
  const latest = useRef({ value, everyMs });
  latest.current = { value, everyMs };
  const shownAt = useRef(0);
  const frame = useRef<number | null>(null);
  useEffect(() => {
    if (everyMs === null || frame.current !== null) return;
    const next = (now: number): void => {
      if (now - shownAt.current < (latest.current.everyMs ?? 0)) {
        frame.current = requestAnimationFrame(next);
        return;
      }
      frame.current = null;
      shownAt.current = now;
      setShown(latest.current.value);
    };
    frame.current = requestAnimationFrame(next);
  }, [value, everyMs]);
  useEffect(
    () => () => {
      if (frame.current !== null) cancelAnimationFrame(frame.current);
    },
    [],
  );
  return everyMs === null ? value : shown;
}
