import { DomainError } from '@app/platform';

/** No such message in a room of this user. */
export class MessageNotFoundError extends DomainError {
  constructor() {
    super('message_not_found', 'not_found', 'There is no such message.');
  }
}

/** The key came before with another request: 422 per draft-ietf-httpapi-idempotency-key-header, section 2.7. */
export class IdempotencyKeyReusedError extends DomainError {
  constructor() {
    super('idempotency_key_reused', 'unprocessable', 'This Idempotency-Key came before with another request.');
  }
}

/** A request whose answer is a stream is repeated by clients that reconnect, so it needs a key under which that does no harm. */
export class IdempotencyKeyRequiredError extends DomainError {
  constructor() {
    super(
      'idempotency_key_required',
      'invalid',
      'Streaming needs an Idempotency-Key, so that reconnecting sends nothing twice.',
    );
  }
}

/** Only the newest reply of a room can be answered anew. */
export class NotLatestReplyError extends DomainError {
  constructor() {
    super('not_latest_reply', 'conflict', 'Only the latest reply of a chatroom can be regenerated.');
  }
}

/** Only the newest question of a room can be asked anew. */
export class NotLatestMessageError extends DomainError {
  constructor() {
    super('not_latest_message', 'conflict', 'Only your latest message in a chatroom can be edited.');
  }
}

/** The reply is still being written. */
export class ReplyInProgressError extends DomainError {
  constructor() {
    super('reply_in_progress', 'conflict', 'The reply is not finished yet; cancel it first, or wait.');
  }
}

/** Feedback is given to replies. */
export class NotAReplyError extends DomainError {
  constructor() {
    super('not_a_reply', 'unprocessable', 'This is a message of the user; only replies take feedback.');
  }
}

/** The model that would answer doesn't take files of the kind of one of them. */
export class ModelCannotTakeFileError extends DomainError {
  constructor() {
    super(
      'model_cannot_take_file',
      'unprocessable',
      'The model of this chatroom does not take one of the files; `GET /models` says which kinds it takes.',
    );
  }
}
