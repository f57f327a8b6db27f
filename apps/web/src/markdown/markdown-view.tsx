import { memo } from 'preact/compat';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { notify } from '../ui/notices.js';
import { type Block, markdownIn } from './markdown.js';
import { useThrottled } from './throttled.js';

const markdown = markdownIn(window);

/** So many characters cost about a millisecond to read again; the rest of the time is the page's. */
const CHARACTERS_PER_MS = 200;

/** A model's text in Markdown. While it grows, only its last block is made anew, and of long texts less often. */
export function MarkdownView({ text, growing }: { text: string; growing: boolean }) {
  const shown = useThrottled(text, growing ? text.length / CHARACTERS_PER_MS : null);
  const blocks = useMemo(() => markdown.blocksOf(shown), [shown]);
  return (
    <div class="markdown">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

const BlockView = memo(
  ({ block }: { block: Block }) => {
    const element = useRef<HTMLDivElement>(null);
    useLayoutEffect(() => {
      if (element.current !== null) complete(element.current);
    }, [block]);
    const html = markdown.htmlOf(block) as unknown as string;
    return <div ref={element} class="markdown-block" dangerouslySetInnerHTML={{ __html: html }} />;
  },
  (before, after) => before.block.source === after.block.source,
);

/** Makes what scrolls reachable by keyboard, and code easy to copy. */
function complete(block: HTMLElement): void {
  for (const scrolling of block.querySelectorAll<HTMLElement>('pre, .table-scroll')) {
    scrolling.tabIndex = 0;
    scrolling.setAttribute('role', 'region');
    scrolling.setAttribute('aria-label', scrolling.tagName === 'PRE' ? 'Code' : 'Table');
  }
  for (const pre of block.querySelectorAll('pre')) {
    const frame = document.createElement('div');
    frame.className = 'code-frame';
    pre.replaceWith(frame);
    frame.append(copyButtonFor(pre), pre);
  }
}

function copyButtonFor(pre: HTMLElement): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button button-small code-copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy the code');
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(pre.textContent).then(
      () => notify('The code is copied.'),
      () => notify('The browser does not allow to copy here.'),
    );
  });
  return button;
}
