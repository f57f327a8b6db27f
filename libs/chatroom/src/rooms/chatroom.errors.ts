import { DomainError } from '@app/platform';

/** No such room, or somebody else's: the two look the same. */
export class ChatroomNotFoundError extends DomainError {
  constructor() {
    super('chatroom_not_found', 'not_found', 'There is no such chatroom.');
  }
}

/** The user has as many rooms as the plan allows, or more since a change of plans. */
export class TooManyChatroomsError extends DomainError {
  constructor() {
    super('too_many_chatrooms', 'conflict', 'Your plan has no more chatrooms: delete one first.');
  }
}

/** The model is on offer, but the user's plan doesn't have it. */
export class ModelNotInPlanError extends DomainError {
  constructor() {
    super('model_not_in_plan', 'forbidden', "Your plan doesn't have this model; GET /models says which it has.");
  }
}

/** There is more before the message than one fork copies. */
export class ConversationTooLongError extends DomainError {
  constructor() {
    super(
      'conversation_too_long',
      'unprocessable',
      'A fork copies at most 10,000 messages and 16 MiB of text: fork from an earlier message.',
    );
  }
}
