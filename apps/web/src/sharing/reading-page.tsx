import type { SharedConversation } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import '../conversation/conversation.css';
import { MarkdownView } from '../markdown/markdown-view.js';
import { hrefOf } from '../route.js';
import { Brand } from '../ui/brand.js';
import { errorText } from '../ui/error-text.js';
import './sharing.css';

/** What a link to a conversation shows, to everyone. */
export function ReadingPage({ token }: { token: string }) {
  const [conversation, setConversation] = useState<SharedConversation | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    setConversation(null);
    setError(null);
    client.shares.read(token).then(setConversation, (reason: unknown) => setError(errorText(reason)));
  }, [token]);
  return (
    <main class="reading" id="main">
      <Brand />
      {error !== null && <p role="alert">{error}</p>}
      {error === null && conversation === null && <p class="muted">Loading …</p>}
      {conversation !== null && (
        <>
          <h1>{conversation.title ?? 'A chat'}</h1>
          <p class="muted small">Shared by the person who has written it. Nothing here was checked by anyone.</p>
          {conversation.messages.map((message, index) => (
            <SharedMessage key={index} message={message} />
          ))}
        </>
      )}
      <a href={hrefOf({ page: 'home' })}>To your own chats</a>
    </main>
  );
}

function SharedMessage({ message: { role, content } }: { message: SharedConversation['messages'][number] }) {
  if (role === 'user') {
    return (
      <article class="message message-user" aria-label="A message">
        <p class="message-text">{content}</p>
      </article>
    );
  }
  return (
    <article class="message message-bot" aria-label="Reply">
      <MarkdownView text={content} growing={false} />
    </article>
  );
}
