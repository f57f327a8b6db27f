import { RefusedRequestError } from '@app/platform';
import { create } from 'content-disposition';
import { parse } from 'range-parser';
import type { FileRow } from '../files/file.row.js';
import type { ByteRange } from '../store/file-store.port.js';

/** Types that browsers show without running anything of theirs. All others are saved. */
const SHOWN = /^(?:image|audio)\/|^application\/pdf$/;

/** The content of a file never changes, so its id names it. */
export const entityTag = ({ id }: Pick<FileRow, 'id'>): string => `"${id}"`;

/**
 * The headers of a file's content. Whatever it is besides what it was taken for, such as a page, no browser runs it: it comes with its
 * type (`nosniff`), in a sandbox without scripts, and for the app's own requests alone.
 */
export const contentHeaders = (file: FileRow): Record<string, string> => ({
  'Content-Type': file.mediaType === 'text/plain' ? 'text/plain; charset=utf-8' : file.mediaType,
  'Content-Disposition': create(file.name, { type: SHOWN.test(file.mediaType) ? 'inline' : 'attachment' }),
  'Accept-Ranges': 'bytes',
  ETag: entityTag(file),
  // Kept by the user's own browser alone, which asks each time whether the user may still have it.
  'Cache-Control': 'private, no-cache',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
});

/** The part that a `Range` header asks for; null: all, also where it asks for several parts or for nothing that is understood. */
export function rangeOf({ bytes }: Pick<FileRow, 'bytes'>, header: string | undefined): ByteRange | null {
  if (header === undefined) return null;
  const { code, type, ranges } = parse(bytes, header);
  const [range] = ranges;
  if (type !== 'bytes' || (code & 1) !== 0 || ranges.length > 1) return null;
  if (range !== undefined) return { start: range.start, end: range.end };
  throw new RefusedRequestError(416, {
    detail: 'The file ends before this range.',
    headers: { 'Content-Range': `bytes */${bytes}` },
  });
}

/** Whether an `If-None-Match` names the file: the client has it already. */
export const isKnown = (file: Pick<FileRow, 'id'>, header: string | undefined): boolean =>
  header !== undefined &&
  header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === entityTag(file));
