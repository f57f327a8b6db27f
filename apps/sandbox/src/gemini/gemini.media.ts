import { createHash } from 'node:crypto';
import { GoogleError, type Media, tokensOf } from './gemini.wire.js';

/** Types that Gemini takes inline (ai.google.dev/gemini-api/docs/file-input-methods), as far as a chat sends them. */
const MIME_TYPES =
  /^(image\/(png|jpeg|webp|heic|heif)|application\/pdf|text\/plain|audio\/(wav|mp3|mpeg|aiff|aac|ogg|flac|mp4|m4a|webm))$/;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A small image, a page of a document, or what a model hears in eight seconds. */
const TOKENS_OF_ONE = 258;

/**
 * Reads the bytes that a part holds as base64.
 * @throws GoogleError 400 for what Google refuses too: an unknown type, no base64, or nothing
 */
export function readMedia({ mimeType, data }: Record<string, unknown>): Media {
  if (typeof mimeType !== 'string' || !MIME_TYPES.test(mimeType)) {
    throw new GoogleError(400, 'INVALID_ARGUMENT', `Unsupported MIME type: ${String(mimeType)}`);
  }
  if (typeof data !== 'string' || data.length % 4 !== 0 || !BASE64.test(data)) {
    throw new GoogleError(400, 'INVALID_ARGUMENT', 'Invalid value at contents.parts.inline_data.data: no base64.');
  }
  const bytes = Buffer.from(data, 'base64');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const tokens = mimeType === 'text/plain' ? tokensOf(bytes.toString()) : TOKENS_OF_ONE;
  return { mimeType, bytes: bytes.length, sha256, tokens };
}

/** What the model says it got, e.g. `image/png, 68 bytes, 1a2b3c4d`: the last is the beginning of the SHA-256. */
export const describeMedia = ({ mimeType, bytes, sha256 }: Media): string =>
  `${mimeType}, ${bytes} bytes, ${sha256.slice(0, 8)}`;
