import { DomainError } from '@app/platform';

/** What browsers and search engines are told of a shared conversation, also where there is none. */
export const SHARED_HEADERS = { 'X-Robots-Tag': 'noindex, nofollow', 'Referrer-Policy': 'no-referrer' } as const;

/** No such share, one that was revoked, or none of this user: all look the same. */
export class ShareNotFoundError extends DomainError {
  constructor() {
    super('share_not_found', 'not_found', 'There is no such share.', { headers: SHARED_HEADERS });
  }
}

/** The room has as many shares as a room may have. */
export class TooManySharesError extends DomainError {
  constructor() {
    super('too_many_shares', 'conflict', 'This chatroom has as many shares as it may have: revoke one first.');
  }
}

/** The room has no message that a share would show. */
export class NothingToShareError extends DomainError {
  constructor() {
    super('nothing_to_share', 'conflict', 'There is nothing in this chatroom to share yet.');
  }
}
