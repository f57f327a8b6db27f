import { type ComponentChildren, h } from 'preact';
import { blocksOf } from './blocks.js';
import { elementsOf } from './elements.js';

/** Elements within a line. */
const INLINE = /^(a|code|del|em|strong)$/;

/** A text in Markdown without its marks, as it is said aloud. */
export function plainTextOf(markdown: string): string {
  const blocks = blocksOf(markdown).map(({ token }) => token);
  return textOf(elementsOf(blocks, ({ text }) => h('pre', null, text)))
    .replace(/\s+/g, ' ')
    .trim();
}

function textOf(content: ComponentChildren): string {
  if (Array.isArray(content)) return content.map(textOf).join('');
  if (typeof content === 'string') return content;
  if (content === null || typeof content !== 'object' || !('props' in content)) return '';
  const { children } = content.props as { children?: ComponentChildren };
  const text = textOf(children);
  return INLINE.test(String(content.type)) ? text : ` ${text} `;
}
