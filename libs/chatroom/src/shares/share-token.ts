import { randomBytes } from 'node:crypto';

/** 192 bits: guessing one takes longer than any limit of requests matters. */
const BYTES = 24;

/** What a link ends with, as OpenAPI and the rule below know it. */
export const SHARE_TOKEN = '^[A-Za-z0-9_-]{32}$';

const PATTERN = new RegExp(SHARE_TOKEN);

/** A token for a new share. */
export const newShareToken = (): string => randomBytes(BYTES).toString('base64url');

/** Whether a text can be a token at all: what can't is answered like an unknown one, and asks PostgreSQL for nothing. */
export const isShareToken = (text: string): boolean => PATTERN.test(text);
