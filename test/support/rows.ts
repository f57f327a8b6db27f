import { type Database, uuidv7 } from '@app/platform';

let users = 0;

/** Stores a user with a number of nobody else's, and returns the id. */
export async function insertUser({ prisma }: Database): Promise<string> {
  const id = uuidv7();
  await prisma.user.create({ data: { id, phone: `+1999${process.pid}${++users}`, verifiedAt: new Date() } });
  return id;
}

/** What a test says of a message; the rest is a completed message of its role. */
export interface MessageWish {
  role?: 'user' | 'bot';
  content?: string;
  status?: 'queued' | 'generating' | 'completed' | 'cancelled' | 'failed' | 'blocked';
  superseded?: boolean;
}

/** Stores messages at the end of a room, in this order, and returns their ids. */
export async function insertMessages(
  { prisma }: Database,
  chatroomId: string,
  wishes: MessageWish[],
): Promise<string[]> {
  const { lastSeq } = await prisma.chatroom.update({
    where: { id: chatroomId },
    data: { lastSeq: { increment: wishes.length } },
    select: { lastSeq: true },
  });
  const createdAt = new Date();
  const messages = wishes.map((wish, index) => ({
    id: uuidv7(),
    chatroomId,
    seq: lastSeq - wishes.length + index + 1,
    role: 'user' as const,
    status: 'completed' as const,
    content: `Message ${index}`,
    createdAt,
    completedAt: wish.status === 'queued' || wish.status === 'generating' ? null : createdAt,
    ...wish,
  }));
  await prisma.message.createMany({ data: messages });
  return messages.map(({ id }) => id);
}
