import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/**
 * Keeps the focus within an element whose children move: the browser takes it from what is taken out, also where that is put
 * back at another place at once. To be called by the component that draws the children.
 */
export function useKeptFocus(ref: RefObject<HTMLElement | null>): void {
  const focused = document.activeElement;
  const within = ref.current?.contains(focused) === true;
  useLayoutEffect(() => {
    const isLost = within && document.activeElement === document.body;
    if (isLost && focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true });
  });
}
