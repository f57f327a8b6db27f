import { useMemo } from 'preact/hooks';
import { CopyButton } from '../ui/copy-button.js';
import { type Block, blocksOf } from './blocks.js';
import { type CodeView, elementsOf } from './elements.js';
import { useKeptSelection } from './kept-selection.js';
import { useThrottled } from './throttled.js';

/** So many characters cost about a millisecond to read again; the rest of the time is the page's. */
const CHARACTERS_PER_MS = 200;

/** A model's text in Markdown. While it grows, only its last block is made anew, and of long texts less often. */
export function MarkdownView({ text, growing }: { text: string; growing: boolean }) {
  const shown = useThrottled(text, growing ? text.length / CHARACTERS_PER_MS : null);
  const blocks = useMemo(() => blocksOf(shown), [shown]);
  useKeptSelection(shown);
  return (
    <div class="markdown">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

/** The same elements as long as the source is the same. */
function BlockView({ block: { source, token } }: { block: Block }) {
  return <>{useMemo(() => elementsOf([token], codeView), [source])}</>;
}

const codeView: CodeView = ({ text, language }) => (
  <div class="code-frame">
    <div class="code-bar">
      <span>{language ?? 'text'}</span>
      <CopyButton label="Copy the code" text={() => text} />
    </div>
    <pre tabIndex={0} role="region" aria-label="Code">
      <code>{text}</code>
    </pre>
  </div>
);
