import { useState } from 'preact/hooks';
import { MarkdownView } from '../markdown/markdown-view.js';

interface ThoughtsProps {
  text: string;
  growing: boolean;
  /** The answer has begun. */
  answered: boolean;
}

/** What the model thought before it answered: open until the answer begins, unless the reader has said otherwise. */
export function Thoughts({ text, growing, answered }: ThoughtsProps) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  if (text === '') return null;
  const open = chosen ?? (growing && !answered);
  return (
    <details class="thoughts" open={open}>
      <summary
        onClick={(event) => {
          event.preventDefault();
          setChosen(!open);
        }}
      >
        Thoughts
      </summary>
      <MarkdownView text={text} growing={growing && !answered} />
    </details>
  );
}
