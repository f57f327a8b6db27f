import { DomainError } from '@app/platform';

/** No such room, or somebody else's: the two look the same. */
export class ChatroomNotFoundError extends DomainError {
  constructor() {
    super('chatroom_not_found', 'not_found', 'There is no such chatroom.');
  }
}
