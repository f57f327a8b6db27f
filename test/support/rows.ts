import { type Database, uuidv7 } from '@app/platform';

let users = 0;

/** Stores a user with a phone number of their own, and returns the id. */
export async function insertUser({ prisma }: Database): Promise<string> {
  const id = uuidv7();
  await prisma.user.create({ data: { id, phone: `+1999${process.pid}${++users}`, verifiedAt: new Date() } });
  return id;
}

/** The columns that a test sets; all others are those of a completed message. */
export interface MessageOverrides {
  role?: 'user' | 'bot';
  content?: string;
  status?: 'queued' | 'generating' | 'completed' | 'cancelled' | 'failed' | 'blocked';
  superseded?: boolean;
  files?: object[];
  thoughts?: string;
  grounding?: object;
}

/** Stores messages at the end of a room, in this order, and returns their ids. */
export async function insertMessages(
  { prisma }: Database,
  chatroomId: string,
  overrides: MessageOverrides[],
): Promise<string[]> {
  const { lastSeq } = await prisma.chatroom.update({
    where: { id: chatroomId },
    data: { lastSeq: { increment: overrides.length } },
    select: { lastSeq: true },
  });
  const createdAt = new Date();
  const messages = overrides.map((override, index) => ({
    id: uuidv7(),
    chatroomId,
    seq: lastSeq - overrides.length + index + 1,
    role: 'user' as const,
    status: 'completed' as const,
    content: `Message ${index}`,
    createdAt,
    completedAt: override.status === 'queued' || override.status === 'generating' ? null : createdAt,
    ...override,
  }));
  await prisma.message.createMany({ data: messages });
  return messages.map(({ id }) => id);
}
