import { textOf, thoughtOf } from './gemini-answer.js';

describe('a response', () => {
  it('is told apart into thoughts and text, also where a server writes out what is not there', () => {
    const parts = [
      { text: 'Well. ', thought: true },
      { text: 'Yes', thought: null },
      { text: ', no', thought: false },
    ];
    const chunk = { candidates: [{ content: { parts: [...parts, { text: '.' }] } }] };
    expect([thoughtOf(chunk), textOf(chunk)]).toEqual(['Well. ', 'Yes, no.']);
  });
});
