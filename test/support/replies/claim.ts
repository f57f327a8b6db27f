import type { ClaimedReply, ReplyStore } from '@app/gemini/testing';

/** The reply as a worker holds it; null when it can't be claimed now. */
export async function claimReply(store: ReplyStore, replyId: string): Promise<ClaimedReply | null> {
  const outcome = await store.claim(replyId);
  return outcome.type === 'claimed' ? outcome.claim : null;
}
