import type { MarkedToken } from 'marked';
import { blocksOf } from './blocks.js';
import { decoded } from './entities.js';

/** A text in Markdown without its marks, one block a line, as it is said aloud. */
export const plainTextOf = (markdown: string): string =>
  linesOf(blocksOf(markdown).map(({ token }) => token as MarkedToken));

const linesOf = (tokens: MarkedToken[] = []): string => tokens.map(textOf).join('\n');

function textOf(token: MarkedToken): string {
  if (token.type === 'list') return linesOf(token.items);
  if (token.type === 'list_item' || token.type === 'blockquote') return linesOf(token.tokens as MarkedToken[]);
  if (token.type === 'table') {
    return [token.header, ...token.rows]
      .map((cells) => cells.map(({ tokens }) => inlineOf(tokens as MarkedToken[])).join(', '))
      .join('\n');
  }
  if ('tokens' in token && token.tokens !== undefined) return inlineOf(token.tokens as MarkedToken[]);
  if (token.type === 'br') return '\n';
  return 'text' in token ? decoded(token.text) : '';
}

const inlineOf = (tokens: MarkedToken[]): string => tokens.map(textOf).join('');
