import { useConversation } from '@gemini-chat/client/react';
import { useCallback } from 'preact/hooks';
import { client } from '../client.js';
import { attachmentsOf } from '../files/attachments.js';
import { useFileDrop } from '../files/use-file-drop.js';
import { Icon } from '../ui/icon.js';
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
  const attachments = attachmentsOf(roomId);
  const dropping = useFileDrop(useCallback((files) => attachments.add(files), [attachments]));
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
      <Composer
        roomId={roomId}
        busy={busy}
        attachments={attachments}
        onSend={(content, files) => view.send(content, files.length === 0 ? {} : { files })}
        onStop={() => void view.stop()}
      />
      <TodaysUsage version={busy || status !== 'ready' ? null : (messages.at(-1)?.id ?? '')} />
      <Announcer messages={messages} />
      {dropping && (
        <p class="drop-area">
          <Icon name="attach" size={28} /> Drop files for your next message
        </p>
      )}
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
