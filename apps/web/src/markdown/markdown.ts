import createDOMPurify, { type Config, type WindowLike } from 'dompurify';
import { Marked, type Token } from 'marked';

/** A part of a text in Markdown that stands for itself: a paragraph, a list, a block of code. */
export interface Block {
  /** As it was written: a block with the same source has the same HTML. */
  source: string;
  token: Token;
}

const TAGS = [
  ...['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'br', 'hr', 'blockquote', 'ul', 'ol', 'li', 'pre', 'code'],
  ...['strong', 'em', 'del', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'div', 'span'],
];

const RULES = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ['href', 'title', 'class', 'start', 'align'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  // The purifier takes the values of all attributes but a few for addresses.
  ADD_URI_SAFE_ATTR: ['start', 'align'],
  // The page's policy lets no plain text become HTML. Where a browser has no trusted types, it is a string.
  RETURN_TRUSTED_TYPE: true,
} satisfies Config;

/** The one class that Markdown needs is that of a code's language; `table-scroll` is the page's own. */
const CLASS = /^(?:language-[\w+#-]+|table-scroll)$/;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Raw HTML is shown as it was written; an image, which would tell its server of the reader, is a link to it. */
const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text === '' ? href : text)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    table(token) {
      const rows = [token.header, ...token.rows].map((cells) => {
        const text = cells.map((cell) => this.tablecell(cell)).join('');
        return this.tablerow({ text });
      });
      const [head = '', ...body] = rows;
      return `<div class="table-scroll"><table><thead>${head}</thead><tbody>${body.join('')}</tbody></table></div>`;
    },
  },
});

/** Text of a model in Markdown, as safe HTML. */
export interface Markdown {
  blocksOf(text: string): Block[];
  htmlOf(block: Block): TrustedHTML;
}

/** @param window whose parser cleans the HTML */
export function markdownIn(window: WindowLike): Markdown {
  const purify = createDOMPurify(window);
  purify.addHook('afterSanitizeAttributes', (element) => {
    if (element.hasAttribute('class') && !CLASS.test(element.className)) element.removeAttribute('class');
    if (element.nodeName !== 'A') return;
    element.setAttribute('rel', 'noopener noreferrer nofollow');
    element.setAttribute('target', '_blank');
  });
  return {
    blocksOf: (text) =>
      marked
        .lexer(text)
        .filter(({ type }) => type !== 'space' && type !== 'def')
        .map((token) => ({ source: token.raw, token })),
    htmlOf: ({ token }) => purify.sanitize(marked.parser([token]), RULES),
  };
}
