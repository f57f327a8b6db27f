import type { MarkedToken, Token, Tokens } from 'marked';
import { type ComponentChild, h, type VNode } from 'preact';
import { decoded } from './entities.js';
import { referencesIn, withoutReferences } from './references.js';

/** How a block of code is shown. */
export type CodeView = (code: { text: string; language: string | null }) => VNode;

const LINK_PROTOCOLS = new Set(['http:', 'https:', 'mailto:']);

/**
 * Elements for tokens of Markdown. Text never becomes HTML here: there are only the elements that are named below, and as
 * attributes nothing but checked links and numbers. Raw HTML is shown as it was written; an image, whose server would learn of
 * the reader, is a link to it.
 */
export const elementsOf = (tokens: readonly Token[], code: CodeView): ComponentChild[] =>
  tokens.map((token) => {
    const view = VIEWS[token.type as MarkedToken['type']] as View<Token> | undefined;
    return view?.(token, (within = []) => elementsOf(within, code), code) ?? null;
  });

/** @param within makes the elements of the tokens in this one */
type View<One> = (
  token: One,
  within: (tokens?: readonly Token[]) => ComponentChild[],
  code: CodeView,
) => ComponentChild;

type Views = { [Type in MarkedToken['type']]?: View<Extract<MarkedToken, { type: Type }>> };

const VIEWS: Views = {
  paragraph: ({ tokens }, within) => h('p', null, within(tokens)),
  heading: ({ depth, tokens }, within) => h(`h${Math.min(depth + 1, 6)}`, null, within(tokens)),
  blockquote: ({ tokens }, within) => h('blockquote', null, within(tokens)),
  strong: ({ tokens }, within) => h('strong', null, within(tokens)),
  em: ({ tokens }, within) => h('em', null, within(tokens)),
  del: ({ tokens }, within) => h('del', null, within(tokens)),
  hr: () => h('hr', null),
  br: () => h('br', null),
  list: (list, within) => listOf(list, within),
  table: (table, within) => tableOf(table, within),
  code: ({ text, lang }, _, code) =>
    code({ text: withoutReferences(text), language: /^[\w+#-]+/.exec(lang ?? '')?.[0] ?? null }),
  codespan: ({ text }) => h('code', null, withoutReferences(text)),
  checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  link: ({ href, tokens }, within) => linkTo(href, within(tokens)),
  image: ({ href, text }) => linkTo(href, [referencesIn(decoded(text)) || 'image']),
  html: ({ block, text }) => (block ? h('p', null, referencesIn(text)) : referencesIn(text)),
  text: ({ text, ...rest }, within) =>
    'tokens' in rest && rest.tokens !== undefined ? within(rest.tokens) : referencesIn(decoded(text)),
  escape: ({ text }) => text,
};

/** @returns the text alone where the address is no such as may be opened */
function linkTo(address: string, text: ComponentChild[]): ComponentChild {
  const href = addressOf(withoutReferences(decoded(address)));
  return href === null ? text : h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text);
}

/** @returns null where the address is no such as may be opened */
export const addressOf = (address: string): string | null =>
  URL.canParse(address) && LINK_PROTOCOLS.has(new URL(address).protocol) ? address : null;

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
