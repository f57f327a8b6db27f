import { fileTypeFromBuffer } from 'file-type';

/** As many bytes of a file's beginning tell its type, and the size of an image. */
export const HEAD_BYTES = 131_072;

export const TEXT = 'text/plain';

const PDF_MARK = Buffer.from('%PDF-');

/** The types that are taken, by what `file-type` calls them. */
const TYPES: Record<string, string> = {
  ...{ 'image/png': 'image/png', 'image/apng': 'image/png', 'image/jpeg': 'image/jpeg', 'image/webp': 'image/webp' },
  ...{ 'image/heic': 'image/heic', 'image/heif': 'image/heif', 'application/pdf': 'application/pdf' },
  ...{ 'audio/wav': 'audio/wav', 'audio/mpeg': 'audio/mpeg', 'audio/aiff': 'audio/aiff', 'audio/aac': 'audio/aac' },
  ...{ 'audio/ogg': 'audio/ogg', 'audio/ogg; codecs=opus': 'audio/ogg', 'audio/flac': 'audio/flac' },
  ...{ 'audio/mp4': 'audio/mp4', 'audio/x-m4a': 'audio/mp4' },
};

/** Layers I and II and raw AAC are sounds, too, but no model takes the first two. */
const MP3_EXTENSIONS = new Set(['mp3']);

/** White space and the marks of terminals: the control characters that texts have. */
// eslint-disable-next-line no-control-regex -- These are what is looked for.
const CONTROL = /[\u0000-\u0007\u000e-\u001a\u001c-\u001f]/;

/**
 * What a file is by its first bytes, whatever it is called.
 *
 * @param head {@link HEAD_BYTES} of the file, or all that it has
 * @returns the media type; `text/plain` for what may be text: whether it is, all its bytes say; null: nothing that is taken
 */
export async function mediaTypeOf(head: Buffer): Promise<string | null> {
  // A text may begin with the mark of some format (`ID3`, `II*`); no other format that is taken consists of readable text but PDF.
  if (isReadable(head)) return head.subarray(0, PDF_MARK.length).equals(PDF_MARK) ? 'application/pdf' : TEXT;
  const found = await fileTypeFromBuffer(head);
  if (found === undefined) return TEXT;
  if (found.mime === 'audio/mpeg' && !MP3_EXTENSIONS.has(found.ext)) return null;
  return TYPES[found.mime] ?? soundOfContainer(found.mime, head) ?? TEXT;
}

function isReadable(head: Buffer): boolean {
  try {
    // The last character may be cut off.
    return !CONTROL.test(new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }));
  } catch {
    return false;
  }
}

/** A container of videos that holds sound alone, as browsers and phones record it; null for a video. */
function soundOfContainer(mime: string, head: Buffer): string | null {
  const bytes = head.toString('latin1');
  if (mime === 'video/webm') return holdsOnly(tracksOfWebm(bytes), 'A') ? 'audio/webm' : null;
  if (mime === 'video/mp4') return holdsOnly(tracksOfMp4(bytes), 's') ? 'audio/mp4' : null;
  return null;
}

const holdsOnly = (tracks: string[], kind: string): boolean =>
  tracks.length > 0 && tracks.every((track) => track === kind);

/** The first letters of the codecs of all tracks (element CodecID, 0x86, of Matroska): `A` of sound, `V` of video. */
const tracksOfWebm = (bytes: string): string[] =>
  [...bytes.matchAll(/\x86[\x80-\xff]([AVS])_[A-Z]/g)].map(([, kind = '']) => kind);

/** The first letters of the handlers of all tracks (box `hdlr` of ISO/IEC 14496-12): `s` of `soun`, `v` of `vide`. */
const tracksOfMp4 = (bytes: string): string[] =>
  [...bytes.matchAll(/hdlr[^]{8}(soun|vide|text|subt)/g)].map(([, handler = '']) => handler.slice(0, 1));
