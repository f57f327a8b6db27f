import { Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';

const NAME: PreparedStatement = {
  name: 'chatroom_name',
  text: `UPDATE chatroom SET title = $2, updated_at = now() WHERE id = $1::uuid AND title IS NULL RETURNING user_id`,
};

/** Gives rooms their first name. */
@Injectable()
export class ChatroomTitles {
  constructor(private readonly database: Database) {}

  /** Names the room, unless its owner has done so meanwhile. */
  async set(chatroomId: string, title: string): Promise<void> {
    await this.database.run<{ user_id: string }>(NAME, [chatroomId, title]);
  }
}
