import type { ConversationView } from '@gemini-chat/client/react';
import { useEffect } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import { BotMessage } from './bot-message.js';
import { useStickToEnd } from './stick-to-end.js';
import { Suggestions } from './suggestions.js';
import { UserMessage } from './user-message.js';

/** The messages of a room, which scroll. */
export function MessageList({ view }: { view: ConversationView }) {
  const { messages, hasOlder, busy, status } = view;
  const { scroller, list, atEnd, toEnd, onScroll } = useStickToEnd(messages[0]?.key, () => {
    if (hasOlder) void view.loadOlder();
  });
  const last = messages.at(-1);
  const sending = messages.findLast((shown) => shown.status === 'sending')?.key;
  useEffect(() => {
    if (sending !== undefined) toEnd();
  }, [sending]);
  return (
    <div class="messages-frame">
      <div ref={scroller} class="messages" onScroll={onScroll} tabIndex={0} role="region" aria-label="Messages">
        <div ref={list} class="messages-list">
          {hasOlder && (
            <button type="button" class="button button-quiet button-small" onClick={() => void view.loadOlder()}>
              Older messages
            </button>
          )}
          {status === 'ready' && messages.length === 0 && <Suggestions onChoose={(content) => view.send(content)} />}
          {messages.map((shown) =>
            shown.role === 'user' ? (
              <UserMessage
                key={shown.key}
                shown={shown}
                onResend={(id) => view.resend(id)}
                onDiscard={(id) => view.discard(id)}
              />
            ) : (
              <BotMessage
                key={shown.key}
                shown={shown}
                isLast={shown === last}
                busy={busy}
                onRegenerate={() => view.regenerate()}
              />
            ),
          )}
        </div>
      </div>
      {!atEnd && (
        <button type="button" class="button to-end" onClick={toEnd}>
          <Icon name="down" size={16} /> Latest
        </button>
      )}
    </div>
  );
}
