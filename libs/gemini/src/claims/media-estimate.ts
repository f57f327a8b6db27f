import { BYTES_PER_TOKEN } from '../model/model-call-usage.js';

/** An image at the resolution at which Gemini 3 looks at it by itself (ai.google.dev/gemini-api/docs/media-resolution). Older models take less of most. */
const TOKENS_OF_IMAGE = 1_120;

/** A page of a document, by the same source. */
const TOKENS_OF_PAGE = 560;

/** Pages of text have more, those that consist of a picture many times as much. */
const BYTES_OF_PAGE = 50_000;

/** ai.google.dev/gemini-api/docs/audio. */
const TOKENS_OF_SECOND = 32;

/** Speech at 16 kbit/s, which is little; music has ten times as much. */
const BYTES_OF_SECOND = 2_000;

/** An estimate from above of what a file takes in tokens, for when the model hasn't counted it. */
export function estimateFileTokens({ mediaType, bytes }: { mediaType: string; bytes: number }): number {
  switch (kindOf(mediaType)) {
    case 'image':
      return TOKENS_OF_IMAGE;
    case 'pdf':
      return Math.ceil(bytes / BYTES_OF_PAGE) * TOKENS_OF_PAGE;
    case 'audio':
      return Math.ceil(bytes / BYTES_OF_SECOND) * TOKENS_OF_SECOND;
    default:
      return Math.ceil(bytes / BYTES_PER_TOKEN);
  }
}

/** What the catalogue calls files of a media type: a `FileKind`, as far as it knows the type. */
export const kindOf = (mediaType: string): string =>
  mediaType === 'application/pdf' ? 'pdf' : mediaType.slice(0, mediaType.indexOf('/'));
