import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.js';

/** One line of a menu. */
export interface MenuItem {
  icon: IconName;
  text: string;
  /** It takes something away. */
  isDanger?: boolean;
  onChoose: () => void;
}

/** A button that opens a list of actions: arrows move in it, Escape closes it. */
export function Menu({ label, items }: { label: string; items: MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useLayoutEffect(() => {
    if (!open || list.current === null || button.current === null) return;
    buttonsOf(list.current)[0]?.focus();
    const endPlacing = keepBeside(list.current, button.current);
    const endWatching = onLeaving(list.current, button.current, () => setOpen(false));
    return () => {
      endPlacing();
      endWatching();
    };
  }, [open]);
  // The list that it belongs to may have moved it.
  useLayoutEffect(() => {
    if (open && list.current !== null && button.current !== null) placeBeside(list.current, button.current);
  });
  return (
    <>
      <button
        type="button"
        ref={button}
        class="icon-button menu-button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div class="menu" role="menu" id={id} aria-label={label} ref={list} onKeyDown={(event) => onKey(event, close)}>
          {items.map(({ icon, text, isDanger, onChoose }) => (
            <button
              type="button"
              role="menuitem"
              key={text}
              class={isDanger === true ? 'menu-item menu-item-danger' : 'menu-item'}
              onClick={() => {
                close();
                onChoose();
              }}
            >
              <Icon name={icon} size={17} />
              {text}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

/** Calls back when something else is pressed, or the button is scrolled out of view. @returns what ends that */
function onLeaving(list: HTMLElement, button: HTMLElement, leave: () => void): () => void {
  const onPointer = ({ target }: PointerEvent): void => {
    if (![list, button].some((element) => element.contains(target as Node))) leave();
  };
  const visibility = new IntersectionObserver((entries) => {
    if (entries.at(-1)?.isIntersecting !== false) return;
    // The focus would go with the list, to the page's beginning.
    if (list.contains(document.activeElement)) button.focus({ preventScroll: true });
    leave();
  });
  document.addEventListener('pointerdown', onPointer);
  visibility.observe(button);
  return () => {
    document.removeEventListener('pointerdown', onPointer);
    visibility.disconnect();
  };
}

const buttonsOf = (list: HTMLElement | null): HTMLButtonElement[] => [...(list?.querySelectorAll('button') ?? [])];

/**
 * Keeps a list beside its button. What is below scrolls by itself while a reply is written, and a window shrinks when a
 * phone shows its keyboard: neither is a reason to take the menu away. @returns what ends that
 */
function keepBeside(list: HTMLElement, button: HTMLElement): () => void {
  const place = (): void => placeBeside(list, button);
  place();
  addEventListener('scroll', place, true);
  addEventListener('resize', place);
  return () => {
    removeEventListener('scroll', place, true);
    removeEventListener('resize', place);
  };
}

/** Below the button, or above it where the window ends. The list it belongs to may scroll, so the place is the window's. */
function placeBeside(list: HTMLElement, button: HTMLElement): void {
  const { top, bottom, right } = button.getBoundingClientRect();
  const height = list.offsetHeight;
  list.style.left = `${Math.max(8, Math.min(right - list.offsetWidth, innerWidth - list.offsetWidth - 8))}px`;
  list.style.top = `${bottom + height + 8 > innerHeight ? Math.max(8, top - height - 4) : bottom + 4}px`;
}

/** Keys as people know them from menus (WAI-ARIA Authoring Practices, "Menu Button"). */
function onKey(event: KeyboardEvent, close: () => void): void {
  const buttons = buttonsOf(event.currentTarget as HTMLElement);
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  if (event.key === 'Escape' || event.key === 'Tab') close();
  const target = targets[event.key];
  if (event.key === 'Escape' || target !== undefined) event.preventDefault();
  if (target !== undefined) buttons.at(target % buttons.length)?.focus();
}
