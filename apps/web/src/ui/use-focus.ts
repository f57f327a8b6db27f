import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** Puts the focus on an element when it is first shown. */
export function useFocus(ref: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    ref.current?.focus();
  }, [ref]);
}
