import { JSDOM } from 'jsdom';
import { h, render } from 'preact';
import { blocksOf } from './blocks.js';
import { elementsOf } from './elements.js';

const { window } = new JSDOM('');

beforeAll(() => {
  globalThis.document = window.document;
});

/** What a page holds. */
function rendered(text: string): HTMLElement {
  const element = window.document.createElement('div');
  const tokens = blocksOf(text).map(({ token }) => token);
  render(
    h(
      'div',
      null,
      elementsOf(tokens, ({ text: code }) => h('pre', null, h('code', null, code))),
    ),
    element,
  );
  return element;
}

const ATTACKS = [
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.example></sCrIpT>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)><script>alert(1)</script></svg>',
  '<svg><animate xlink:href=#x attributeName=href values=javascript:alert(1) /><a id=x><text>x</text></a></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<form action="javascript:alert(1)"><button>x</button></form>',
  '<details open ontoggle=alert(1)>',
  '<p style="position:fixed;inset:0">over all</p>',
  '<base href=//evil.example>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\nscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](vbscript:msgbox(1))',
  '[x](//evil.example)',
  '[x](/auth/logout)',
  '[x][1]\n\n[1]: javascript:alert(1)',
  '<javascript:alert(1)>',
  '![x](https://evil.example/pixel.gif)',
  '![x](data:image/svg+xml;base64,PHN2Zy8+)',
  '![x" onerror="alert(1)](https://evil.example/x.gif"onerror="alert(1))',
  '[x](https://example.com "\\" onmouseover=alert(1) x=\\"")',
  '`<img src=x onerror=alert(1)>`',
  '```"><img src=x onerror=alert(1)>\n<script>alert(1)</script>\n```',
  '| <img src=x onerror=alert(1)> |\n| --- |\n| <script>alert(1)</script> |',
  '- [x] <input autofocus onfocus=alert(1)>',
  '# <img src=x onerror=alert(1)>\n\n> <script>alert(1)</script>',
];

const ATTRIBUTES = new Set(['href', 'class', 'start', 'align', 'rel', 'target', 'role', 'tabindex', 'aria-label']);
const TAGS = new Set(
  'P H2 H3 H4 H5 H6 BR HR BLOCKQUOTE UL OL LI PRE CODE STRONG EM DEL A TABLE TR TH TD THEAD TBODY DIV'.split(' '),
);

describe('Markdown of a model', () => {
  it.each(ATTACKS)('runs nothing and loads nothing: %s', (attack) => {
    for (const text of [attack, `Text ${attack} text`, `* ${attack}`, `${attack}\n\n${attack}`]) {
      const elements = [...rendered(text).querySelectorAll('*')];
      const attributes = elements.flatMap((element) => [...element.attributes]);
      expect(attributes.filter(({ name }) => !ATTRIBUTES.has(name))).toEqual([]);
      expect(elements.filter(({ tagName }) => !TAGS.has(tagName))).toEqual([]);
      const valueOf = (wanted: string): string[] =>
        attributes.filter(({ name }) => name === wanted).map(({ value }) => value);
      expect(valueOf('href').filter((href) => !/^(?:https?|mailto):/i.test(href))).toEqual([]);
      expect(valueOf('class').filter((name) => name !== 'table-scroll')).toEqual([]);
    }
  });

  it('shows raw HTML as it was written', () => {
    expect(rendered('A <b onclick="x()">bold</b> claim').textContent.trim()).toBe('A <b onclick="x()">bold</b> claim');
    expect(rendered('<div>\nblock\n</div>').textContent.trim()).toBe('<div>\nblock\n</div>');
  });

  it('opens links elsewhere, which learn nothing of the page', () => {
    const links = rendered('[a](https://example.com/?a=1&b=2) <b@example.com> https://c.example').querySelectorAll('a');
    expect([...links].map(({ href }) => href)).toEqual([
      'https://example.com/?a=1&b=2',
      'mailto:b@example.com',
      'https://c.example/',
    ]);
    for (const link of links) {
      expect([link.target, link.rel]).toEqual(['_blank', 'noopener noreferrer nofollow']);
    }
  });

  it('makes a link of an image', () => {
    const element = rendered('![A cat](https://example.com/cat.png)');
    expect(element.querySelector('img')).toBeNull();
    expect(element.querySelector('a')?.textContent).toBe('A cat');
  });

  it('has headings, lists, code with its language, and tables', () => {
    const element = rendered(
      '## Title\n\n3. *one*\n4. **two**\n\n- [x] done\n\n```c++\nif (a < b) x();\n```\n\n| a | b |\n| - | -: |\n| 1 | `2` |',
    );
    expect(element.querySelector('h3')?.textContent).toBe('Title');
    expect(element.querySelectorAll('ol[start="3"] > li')).toHaveLength(2);
    expect(element.querySelector('ul')?.textContent).toContain('☑ done');
    expect(element.querySelector('pre > code')?.textContent).toBe('if (a < b) x();');
    expect(element.querySelector('.table-scroll td[align="right"] code')?.textContent).toBe('2');
  });

  it('reads character references as the characters, and not those of code', () => {
    expect(rendered('a &lt; b &amp;&amp; c&nbsp;&#8364; &#x1F600; &bogus; `&lt;`').textContent).toBe(
      'a < b && c\u00a0€ 😀 &bogus; &lt;',
    );
    expect(rendered('[a](https://example.com/?a=1&amp;b=2)').querySelector('a')?.href).toBe(
      'https://example.com/?a=1&b=2',
    );
    expect(rendered('&#0; &#xD800; &#1114112;').textContent).toBe('\ufffd \ufffd \ufffd');
  });

  it('is in blocks that stay the same while the text grows', () => {
    const text = 'One.\n\n- two\n- three\n\n```ts\nfour();\n```\n\nFive.';
    const whole = blocksOf(text).map(({ source }) => source);
    expect(whole).toHaveLength(4);
    for (let length = 1; length < text.length; length++) {
      const blocks = blocksOf(text.slice(0, length)).map(({ source }) => source.trimEnd());
      expect(blocks.slice(0, -1)).toEqual(whole.slice(0, blocks.length - 1).map((source) => source.trimEnd()));
    }
  });
});
