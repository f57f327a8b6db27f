import { plainTextOf } from './plain-text.js';

describe('Markdown as it is said aloud', () => {
  it.each([
    ['## What *happens*', 'What happens'],
    ['I am **bold**, ~~not~~ `code` &amp; [a link](https://example.com).', 'I am bold, not code & a link.'],
    ['1. One\n2. **Two**\n   - Three', 'One\nTwo\nThree'],
    ['> Cut it\n\n---\n\nEnd', 'Cut it\n\nEnd'],
    ['```ts\nconst a = 1;\n```\n\n![a picture](x.png)', 'const a = 1;\na picture'],
    ['| A | B |\n|---|---|\n| 1 | **2** |', 'A, B\n1, 2'],
    ['Use \\*stars\\*  \nand lines', 'Use *stars*\nand lines'],
  ])('has no marks: %j', (markdown, said) => {
    expect(plainTextOf(markdown)).toBe(said);
  });
});
