import { plainTextOf } from './plain-text.js';

describe('Markdown as it is said aloud', () => {
  it.each([
    ['## What *happens*', 'What happens'],
    ['I am **bold**, ~~not~~ `code` &amp; [a link](https://example.com).', 'I am bold, not code & a link.'],
    ['1. One\n2. **Two**\n   - Three', 'One Two Three'],
    ['> Cut it\n\n---\n\nEnd', 'Cut it End'],
    ['```ts\nconst a = 1;\n```\n\n![a picture](https://example.com/x.png)', 'const a = 1; a picture'],
    ['| A | B |\n|---|---|\n| 1 | **2** |', 'A B 1 2'],
    ['Use \\*stars\\*  \nand lines', 'Use *stars* and lines'],
  ])('has no marks: %j', (markdown, said) => {
    expect(plainTextOf(markdown)).toBe(said);
  });
});
