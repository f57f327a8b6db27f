import type { Message } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { notifyError } from '../ui/notices.js';

/** The variants of one reply, and which of them is shown. */
export interface Variants {
  /** Oldest first; null: not loaded. */
  all: Message[] | null;
  /** Counted from 0. */
  position: number;
  /** Whether they were loaded because someone asked for them. */
  asked: boolean;
  show: (position: number) => void;
  /** Shows one of them as it is now. */
  update: (variant: Message) => void;
  ask: () => void;
}

/**
 * The variants of a reply, of which the list of messages has the newest.
 * @param reply null while it isn't accepted
 * @param atOnce whether to load them without being asked
 */
export function useVariants(reply: Message | null, atOnce: boolean): Variants {
  const [all, setAll] = useState<Message[] | null>(null);
  const [position, setPosition] = useState(0);
  const [asked, setAsked] = useState(false);
  const question = reply?.replyTo ?? null;
  const load = (): void => {
    if (reply === null || question === null) return;
    variantsOf(reply.chatroomId, question).then((variants) => {
      setAll(variants);
      setPosition(variants.length - 1);
    }, notifyError);
  };
  useEffect(() => setAll(null), [reply?.id]);
  useEffect(() => {
    if (atOnce) load();
  }, [reply?.id, atOnce]);
  const ask = (): void => {
    setAsked(true);
    load();
  };
  const update = (variant: Message): void =>
    setAll((known) => known?.map((each) => (each.id === variant.id ? variant : each)) ?? null);
  return { all, position, asked, show: setPosition, update, ask };
}

async function variantsOf(roomId: string, question: string): Promise<Message[]> {
  const variants: Message[] = [];
  for await (const variant of client.replies.variants(roomId, question)) variants.unshift(variant);
  return variants;
}
