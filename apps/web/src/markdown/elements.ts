import type { MarkedToken, Token, Tokens } from 'marked';
import { type ComponentChild, h, type VNode } from 'preact';
import { decoded } from './entities.js';

/** How a block of code is shown. */
export type CodeView = (code: { text: string; language: string | null }) => VNode;

const LINK_PROTOCOLS = new Set(['http:', 'https:', 'mailto:']);

/**
 * Elements for tokens of Markdown. Text never becomes HTML here: there are only the elements that are named below, and as
 * attributes nothing but checked links and numbers. Raw HTML is shown as it was written; an image, whose server would learn of
 * the reader, is a link to it.
 */
export const elementsOf = (tokens: readonly Token[], code: CodeView): ComponentChild[] =>
  tokens.map((token) => elementOf(token as MarkedToken, code));

function elementOf(token: MarkedToken, code: CodeView): ComponentChild {
  const within = (tokens: readonly Token[] = []): ComponentChild[] => elementsOf(tokens, code);
  switch (token.type) {
    case 'paragraph':
      return h('p', null, within(token.tokens));
    case 'heading':
      return h(`h${Math.min(token.depth + 1, 6)}`, null, within(token.tokens));
    case 'blockquote':
    case 'strong':
    case 'em':
    case 'del':
      return h(token.type, null, within(token.tokens));
    case 'hr':
    case 'br':
      return h(token.type, null);
    case 'list':
      return listOf(token as Tokens.List, within);
    case 'table':
      return tableOf(token as Tokens.Table, within);
    case 'code':
      return code({ text: token.text, language: /^[\w+#-]+/.exec(token.lang ?? '')?.[0] ?? null });
    case 'codespan':
      return h('code', null, token.text);
    case 'checkbox':
      return token.checked ? '☑ ' : '☐ ';
    case 'link':
      return linkTo(token.href, within(token.tokens));
    case 'image':
      return linkTo(token.href, [decoded(token.text) || 'image']);
    case 'html':
      return token.block === true ? h('p', null, token.text) : token.text;
    case 'text':
      return 'tokens' in token && token.tokens !== undefined ? within(token.tokens) : decoded(token.text);
    case 'escape':
      return token.text;
    default:
      return null;
  }
}

/** @returns the text alone where the address is no such as may be opened */
function linkTo(address: string, text: ComponentChild[]): ComponentChild {
  const href = decoded(address);
  if (!URL.canParse(href) || !LINK_PROTOCOLS.has(new URL(href).protocol)) return text;
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text);
}

function listOf({ ordered, start, items }: Tokens.List, within: (tokens: Token[]) => ComponentChild[]): ComponentChild {
  const children = items.map(({ tokens }) => h('li', null, within(tokens)));
  return ordered ? h('ol', { start: start === '' ? 1 : start }, children) : h('ul', null, children);
}

function tableOf({ header, rows }: Tokens.Table, within: (tokens: Token[]) => ComponentChild[]): VNode {
  const row = (tag: 'th' | 'td', cells: Tokens.TableCell[]): VNode =>
    h(
      'tr',
      null,
      cells.map(({ tokens, align }) => h(tag, align === null ? null : { align }, within(tokens))),
    );
  const head = h('thead', null, row('th', header));
  const body = h(
    'tbody',
    null,
    rows.map((cells) => row('td', cells)),
  );
  return h(
    'div',
    { class: 'table-scroll', role: 'region', tabIndex: 0, 'aria-label': 'Table' },
    h('table', null, head, body),
  );
}
