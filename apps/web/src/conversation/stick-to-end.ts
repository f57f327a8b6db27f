import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** So near to an end counts as there. */
const NEAR_PX = 48;

/** How a list of messages scrolls. */
export interface Scrolling {
  scroller: RefObject<HTMLDivElement | null>;
  list: RefObject<HTMLDivElement | null>;
  /** Whether the end is shown, and followed while it grows. */
  atEnd: boolean;
  toEnd: () => void;
  onScroll: () => void;
}

/**
 * Follows the end of a growing list until the reader scrolls up, and again once the reader is back at the end. What is added
 * above leaves what is read where it is.
 *
 * @param first the key of the first message: another one means that older messages came
 * @param onTop is called near the beginning
 */
export function useStickToEnd(first: string | undefined, onTop: () => void): Scrolling {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);
  const fromEnd = useRef(0);

  const toEnd = useCallback((): void => {
    sticks.current = true;
    setAtEnd(true);
    const element = scroller.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, []);

  const onScroll = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    fromEnd.current = scrollHeight - scrollTop;
    sticks.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    setAtEnd(sticks.current);
    if (scrollTop < 4 * NEAR_PX) onTop();
  };

  useEffect(() => {
    const element = scroller.current;
    if (element === null || list.current === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (sticks.current) element.scrollTop = element.scrollHeight;
      fromEnd.current = element.scrollHeight - element.scrollTop;
    });
    observer.observe(list.current);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || sticks.current) return;
    element.scrollTop = element.scrollHeight - fromEnd.current;
  }, [first]);

  return { scroller, list, atEnd, toEnd, onScroll };
}
