import { Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';

// A statement, since a worker runs it after a room's first answer: through Prisma it would load its query compiler for this alone
// (docs/adr/0028).
const SET_FIRST = prepared(
  'chatroom_set_first_title',
  'UPDATE chatroom SET title = $2, updated_at = $3 WHERE id = $1::uuid AND title IS NULL',
);

/** Gives rooms their first title. */
@Injectable()
export class ChatroomTitleStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Names the room, unless its owner has done so meanwhile. */
  async setFirst(chatroomId: string, title: string): Promise<void> {
    await this.database.run(SET_FIRST, [chatroomId, title, this.clock.now()]);
  }
}
