import { createHash } from 'node:crypto';
import { ValidationFailedError } from '@app/platform';
import { IdempotencyKeyRequiredError } from '../messages/message.errors.js';

/** A client's name for one send, edit or regeneration, and the fingerprint by which another request under the same name is told. */
export interface IdempotencyKey {
  key: string;
  requestHash: Buffer;
}

/** Everything that makes two requests the same. */
type Fingerprinted = (string | readonly string[])[];

/**
 * Reads the `Idempotency-Key` header of draft-ietf-httpapi-idempotency-key-header: a structured string (`"8e03…"`);
 * the bare value that many clients send means the same.
 *
 * @param request everything that makes two requests the same
 * @throws ValidationFailedError unless it has 1 to 255 printable ASCII characters
 */
export function readIdempotencyKey(header: string | undefined, request: Fingerprinted): IdempotencyKey | null {
  if (header === undefined) return null;
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim();
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    const detail = 'must be 1 to 255 printable ASCII characters';
    throw new ValidationFailedError([{ pointer: '/Idempotency-Key', detail }]);
  }
  return { key, requestHash: createHash('sha256').update(JSON.stringify(request)).digest() };
}

/**
 * The same where the request can't do without.
 *
 * @throws IdempotencyKeyRequiredError
 */
export function requireIdempotencyKey(header: string | undefined, request: Fingerprinted): IdempotencyKey {
  const key = readIdempotencyKey(header, request);
  if (key === null) throw new IdempotencyKeyRequiredError();
  return key;
}

/** What makes two sends the same. Without files it is what it was before there were any, since keys live on over an upgrade. */
export const sendRequest = (chatroomId: string, content: string, files: readonly string[] = []): Fingerprinted =>
  files.length === 0 ? [chatroomId, content] : ['send', chatroomId, content, files];

/** What makes two regenerations the same. Of another length than a send's, so that the two never have the same fingerprint. */
export const regenerateRequest = (chatroomId: string, replyId: string): Fingerprinted => [
  'regenerate',
  chatroomId,
  replyId,
];

/** What makes two edits the same. Of a length of its own, too; to leave out files is not to name none. */
export const editRequest = (
  chatroomId: string,
  messageId: string,
  content: string,
  files?: readonly string[],
): Fingerprinted => ['edit', chatroomId, messageId, content, ...(files === undefined ? [] : [files])];
