import { JSDOM } from 'jsdom';
import { h, render } from 'preact';
import { blocksOf } from './blocks.js';
import { elementsOf } from './elements.js';
import { type Referenced, withReferences } from './references.js';

const { window } = new JSDOM('');

beforeAll(() => {
  globalThis.document = window.document;
});

/** Sources, each of which is for what ends with a text. */
const endingWith = (text: string, ...ends: string[]): Referenced[] =>
  ends.map((end) => ({
    title: end,
    uri: 'https://example.com',
    ranges: [{ start: 0, end: text.indexOf(end) + end.length }],
  }));

/** What a page holds of a text with references. */
function rendered(text: string, referenced: Referenced[]): HTMLElement {
  const element = window.document.createElement('div');
  const tokens = blocksOf(withReferences(text, referenced)).map(({ token }) => token);
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

const numbersIn = (element: Element | null): (string | null)[] =>
  [...(element?.querySelectorAll('sup.reference') ?? [])].map(({ textContent }) => textContent);

describe('references to sources', () => {
  it('stand at the ends of their ranges, in marked text, too', () => {
    const text = 'It is **blue.** Some say *azure*, 😀 at noon.\n\n- One\n- Two';
    const element = rendered(text, endingWith(text, 'blue.**', 'azure', 'noon.', 'Two'));
    expect(numbersIn(element)).toEqual(['1', '2', '3', '4']);
    expect(element.querySelector('strong')?.textContent).toBe('blue.');
    expect(numbersIn(element.querySelector('em'))).toEqual(['2']);
    expect(element.querySelector('p')?.textContent).toBe('It is blue.1 Some say azure2, 😀 at noon.3');
    expect(numbersIn(element.querySelector('li:last-child'))).toEqual(['4']);
  });

  it('are one for each source at a place, in order', () => {
    const text = 'Twice.';
    const [first, second] = endingWith(text, 'Twice.', 'Twice.');
    const twice = { ...first!, ranges: [...first!.ranges, { start: 3, end: 6 }] };
    const element = rendered(text, [twice, second!]);
    expect(numbersIn(element)).toEqual(['1, 2']);
    expect(element.querySelector('sup')?.getAttribute('aria-label')).toBe('Source 1, 2');
  });

  it('change no code, no address, no list and no table', () => {
    const text =
      'See `a.b()` and https://example.com/a\n\n```ts\nx();\n```\n\n- One\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\nEnd';
    const ends = ['a.b(', 'com/a', 'x();\n```\n\n', '- One\n\n', '| - | - |', '| 1 | 2 |', '\n\n- '];
    const element = rendered(text, endingWith(text, ...ends));
    expect([...element.querySelectorAll('code')].map(({ textContent }) => textContent)).toEqual(['a.b()', 'x();']);
    expect(element.querySelector('a')?.href).toBe('https://example.com/a');
    expect(numbersIn(element.querySelector('li'))).toEqual(['4']);
    expect(numbersIn(element.querySelector('td:last-child'))).toEqual(['6']);
    expect(element.querySelectorAll('tr')).toHaveLength(2);
    expect(element.querySelector('div > div > p:last-child, div > p:last-child')?.textContent).toBe('End');
  });

  it('are not where no text is', () => {
    const beyond = [
      { start: 0, end: 99 },
      { start: 0, end: 0 },
    ].map((range) => ({
      title: 'a',
      uri: 'b',
      ranges: [range],
    }));
    expect(withReferences('Short.', beyond)).toBe('Short.');
  });
});
