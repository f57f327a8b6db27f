import { createHash } from 'node:crypto';
import { ValidationFailedError } from '@app/platform';
import { IdempotencyKeyRequiredError } from '../messages/message.errors.js';

/** A client's name for one send, edit or regeneration, and the fingerprint by which another request under the same name is told. */
export interface IdempotencyKey {
  key: string;
  requestHash: Buffer;
}

/**
 * Reads the `Idempotency-Key` header of draft-ietf-httpapi-idempotency-key-header: a structured string (`"8e03…"`);
 * the bare value that many clients send means the same.
 *
 * @param request everything that makes two requests the same
 * @throws ValidationFailedError unless it has 1 to 255 printable ASCII characters
 */
export function readIdempotencyKey(header: string | undefined, request: string[]): IdempotencyKey | null {
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
export function requireIdempotencyKey(header: string | undefined, request: string[]): IdempotencyKey {
  const key = readIdempotencyKey(header, request);
  if (key === null) throw new IdempotencyKeyRequiredError();
  return key;
}

/** What makes two sends the same. */
export const sendRequest = (chatroomId: string, content: string): string[] => [chatroomId, content];

/** What makes two regenerations the same. Of another length than a send's, so that the two never have the same fingerprint. */
export const regenerateRequest = (chatroomId: string, replyId: string): string[] => ['regenerate', chatroomId, replyId];

/** What makes two edits the same. Of a length of its own, too. */
export const editRequest = (chatroomId: string, messageId: string, content: string): string[] => [
  'edit',
  chatroomId,
  messageId,
  content,
];
