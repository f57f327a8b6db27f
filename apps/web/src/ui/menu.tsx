import { useEffect, useId, useRef, useState } from 'preact/hooks';
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
  useEffect(() => {
    if (!open || list.current === null || button.current === null) return;
    buttonsOf(list.current)[0]?.focus();
    placeBeside(list.current, button.current);
    return onLeaving([list.current, button.current], () => setOpen(false));
  }, [open]);
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

/** Calls back when something else is pressed, or what is below moves. @returns what ends that */
function onLeaving(elements: HTMLElement[], leave: () => void): () => void {
  const onPointer = ({ target }: PointerEvent): void => {
    if (!elements.some((element) => element.contains(target as Node))) leave();
  };
  document.addEventListener('pointerdown', onPointer);
  addEventListener('scroll', leave, true);
  addEventListener('resize', leave);
  return () => {
    document.removeEventListener('pointerdown', onPointer);
    removeEventListener('scroll', leave, true);
    removeEventListener('resize', leave);
  };
}

const buttonsOf = (list: HTMLElement | null): HTMLButtonElement[] => [...(list?.querySelectorAll('button') ?? [])];

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
