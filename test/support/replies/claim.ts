import type { MessageAddress } from '@app/chatroom';
import type { ClaimedReply, ReplyStore } from '@app/gemini/testing';

/** The reply as a worker holds it; null when it can't be claimed now. */
export async function claimReply(store: ReplyStore, replyId: string): Promise<ClaimedReply | null> {
  const outcome = await store.claim(await addressOf(store, replyId));
  return outcome.type === 'claimed' ? outcome.claim : null;
}

/** Where a reply is found. @throws Error when there is none */
export async function addressOf(store: ReplyStore, replyId: string): Promise<MessageAddress> {
  const chatroomId = await store.roomOf(replyId);
  if (chatroomId === null) throw new Error(`There is no reply ${replyId}`);
  return { id: replyId, chatroomId };
}
