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

const isNear = ({ scrollHeight, scrollTop, clientHeight }: Element): boolean =>
  scrollHeight - scrollTop - clientHeight < NEAR_PX;

/** Whether something of the list is selected. */
function isSelected(element: Element): boolean {
  const selection = getSelection();
  return selection?.isCollapsed === false && element.contains(selection.anchorNode);
}

/** Whether the reader writes in the list, or has selected something of it, which then must not be moved away. */
function holds(element: Element): boolean {
  const { activeElement } = document;
  return isSelected(element) || (activeElement instanceof HTMLTextAreaElement && element.contains(activeElement));
}

/**
 * Follows the end of a growing list until the reader scrolls up, and again once the reader is back at the end; not while the reader
 * writes or selects something in it. What is added above leaves what is read where it is.
 *
 * @param first the key of the first message: another one means that older messages came
 * @param onTop is called near the beginning
 */
export function useStickToEnd(first: string | undefined, onTop: () => void): Scrolling {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);
  const seen = useRef({ top: 0, height: 0, fromEnd: 0 });

  const toEnd = useCallback((): void => {
    sticks.current = true;
    setAtEnd(true);
    const element = scroller.current;
    if (element === null) return;
    // It would keep the list from following.
    if (isSelected(element)) getSelection()?.removeAllRanges();
    element.scrollTop = element.scrollHeight;
  }, []);

  const onScroll = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const near = isNear(element);
    // Content and windows that change their height scroll, too. Only the reader scrolls up in what stays the same.
    const up = scrollTop < seen.current.top && scrollHeight + clientHeight === seen.current.height;
    if (near) sticks.current = true;
    else if (up) sticks.current = false;
    setAtEnd(sticks.current);
    note(element);
    if (scrollTop < 4 * NEAR_PX) onTop();
  };

  const note = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement): void => {
    seen.current = { top: scrollTop, height: scrollHeight + clientHeight, fromEnd: scrollHeight - scrollTop };
  };

  useEffect(() => {
    const element = scroller.current;
    if (element === null || list.current === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (!sticks.current) return note(element);
      if (holds(element)) setAtEnd((sticks.current = isNear(element)));
      else element.scrollTop = element.scrollHeight;
      note(element);
    });
    observer.observe(list.current);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || sticks.current) return;
    element.scrollTop = element.scrollHeight - seen.current.fromEnd;
  }, [first]);

  return { scroller, list, atEnd, toEnd, onScroll };
}
