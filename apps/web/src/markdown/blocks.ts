import { Lexer, type Token } from 'marked';

/** A part of a text in Markdown that stands for itself: a paragraph, a list, a block of code. */
export interface Block {
  /** As it was written: a block with the same source looks the same. */
  source: string;
  token: Token;
}

/** The blocks of a text. While it grows, only the last of them changes. */
export const blocksOf = (text: string): Block[] =>
  Lexer.lex(text, { gfm: true })
    .filter(({ type }) => type !== 'space' && type !== 'def')
    .map((token) => ({ source: token.raw, token }));
