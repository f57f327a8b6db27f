import { Clock, Database } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** Gives rooms their first title. */
@Injectable()
export class ChatroomTitleStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Names the room, unless its owner has done so meanwhile. */
  async setFirst(chatroomId: string, title: string): Promise<void> {
    await this.database.prisma.chatroom.updateMany({
      where: { id: chatroomId, title: null },
      data: { title, updatedAt: this.clock.now() },
    });
  }
}
