import { useConversation } from '@gemini-chat/client/react';
import { client } from '../client.js';
import { errorText } from '../ui/error-text.js';
import { Announcer } from './announcer.js';
import { Composer } from '../composer/composer.js';
import './conversation.css';
import { useExchanges } from './exchanges.js';
import { MessageList } from './message-list.js';
import { useTodaysUsage } from './todays-usage.js';

/** A room's messages, and what can be done with them. */
export function Conversation({ roomId }: { roomId: string }) {
  const view = useConversation(client, roomId);
  const { status, error, messages, busy } = view;
  useExchanges(roomId, view);
  return (
    <section class="conversation" aria-label="Conversation">
      {status === 'failed' ? (
        <div class="conversation-failed" role="alert">
          <p>{errorText(error)}</p>
          <button type="button" class="button" onClick={() => void view.reload()}>
            Try again
          </button>
        </div>
      ) : (
        <MessageList roomId={roomId} view={view} />
      )}
      {status === 'ready' && error !== null && (
        <p class="message-notice message-notice-lost conversation-error" role="status">
          {errorText(error)}
          <button type="button" class="button button-small" onClick={() => void view.reload()}>
            Connect again
          </button>
        </p>
      )}
      <Composer roomId={roomId} busy={busy} onSend={(content) => view.send(content)} onStop={() => void view.stop()} />
      <TodaysUsage version={busy || status !== 'ready' ? null : (messages.at(-1)?.id ?? '')} />
      <Announcer messages={messages} />
    </section>
  );
}

function TodaysUsage({ version }: { version: string | null }) {
  const usage = useTodaysUsage(version);
  return (
    <p class="composer-hint" id="composer-hint">
      <span>
        <kbd>Enter</kbd> sends, <kbd>Shift</kbd> + <kbd>Enter</kbd> begins a new line
      </span>
      {usage !== null && (
        <span>
          Today: {usage.tokens.toLocaleString()} tokens
          {usage.usd !== null && `, $${usage.usd.toFixed(usage.usd < 0.1 ? 4 : 2)}`}
        </span>
      )}
    </p>
  );
}
