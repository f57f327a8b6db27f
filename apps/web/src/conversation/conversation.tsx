import { useConversation } from '@gemini-chat/client/react';
import { client } from '../client.js';

/** A room's messages, and what can be done with them. */
export function Conversation({ roomId }: { roomId: string }) {
  const { messages } = useConversation(client, roomId);
  return (
    <section aria-label="Conversation">
      {messages.map(({ id, content }) => (
        <p key={id}>{content}</p>
      ))}
    </section>
  );
}
