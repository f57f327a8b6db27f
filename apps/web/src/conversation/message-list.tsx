import type { Feedback, Message } from '@gemini-chat/client';
import type { ConversationView, ShownMessage } from '@gemini-chat/client/react';
import { useEffect } from 'preact/hooks';
import { client } from '../client.js';
import { composerInsert } from '../composer/composer-insert.js';
import { keepEdit, readEdit } from '../composer/drafts.js';
import { attachmentsOf, deleteUnused } from '../files/attachments.js';
import { forkAndOpenRoom } from '../rooms/rooms-store.js';
import { announce } from '../tabs.js';
import { Icon } from '../ui/icon.js';
import { BotMessage } from './bot-message.js';
import { useStickToEnd } from './stick-to-end.js';
import { Suggestions } from './suggestions.js';
import { UserMessage } from './user-message.js';

/** The messages of a room, which scroll. */
export function MessageList({ roomId, view }: { roomId: string; view: ConversationView }) {
  const { messages, hasOlder, busy, status } = view;
  const { scroller, list, atEnd, toEnd, onScroll } = useStickToEnd(messages[0]?.key, () => {
    if (hasOlder) void view.loadOlder();
  });
  const last = messages.at(-1);
  const question = messages.findLast((shown) => shown.role === 'user');
  const sending = messages.findLast((shown) => shown.status === 'sending')?.key;
  useEffect(() => {
    if (sending !== undefined) toEnd();
  }, [sending]);
  useRescuedEdit(roomId, view, question?.id);
  const rate = async ({ id, chatroomId }: Message, feedback: Feedback): Promise<boolean> => {
    const stored = await view.rate(id, feedback);
    if (stored) announce({ what: 'messages', roomId: chatroomId });
    return stored;
  };
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
                onDiscard={() => discard(view, shown)}
                onChange={() => change(roomId, view, shown)}
                isLatest={shown === question}
                onEdit={
                  shown === question && shown.message !== null && !busy
                    ? (content) => edit(roomId, view, shown, content)
                    : null
                }
              />
            ) : (
              <BotMessage
                key={shown.key}
                shown={shown}
                isLast={shown === last}
                busy={busy}
                onRegenerate={() => view.regenerate()}
                onRate={rate}
                onFork={(messageId) => void forkAndOpenRoom(roomId, messageId)}
              />
            ),
          )}
        </div>
      </div>
      {!atEnd && <ToEnd onClick={toEnd} />}
    </div>
  );
}

function discard(view: ConversationView, { id, files }: ShownMessage): void {
  view.discard(id);
  files.forEach(deleteUnused);
}

/** Makes a message that was refused the one that is being written. */
function change(roomId: string, view: ConversationView, { id, content, files }: ShownMessage): void {
  view.discard(id);
  attachmentsOf(roomId).putBack(files);
  composerInsert.set({ text: content, as: 'draft' });
}

/** Asks a question anew, with the files that it has. Whatever comes of it, the room is read again: it may have been continued elsewhere. */
async function edit(
  roomId: string,
  view: ConversationView,
  { id, files }: ShownMessage,
  content: string,
): Promise<void> {
  const edited = client.edit(roomId, id, content, { files: files.map((file) => file.id) });
  await edited.then(() => keepEdit(roomId, null)).finally(() => view.reload());
}

/** Makes an edit whose question is no longer there, since another tab asked it anew, the message that is being written. */
function useRescuedEdit(
  roomId: string,
  { messages, status }: ConversationView,
  latestQuestion: string | undefined,
): void {
  useEffect(() => {
    const edit = status === 'ready' ? readEdit(roomId) : null;
    if (edit === null || messages.some(({ id }) => id === edit.id)) return;
    keepEdit(roomId, null);
    composerInsert.set({ text: edit.text, as: 'draft' });
  }, [latestQuestion, status]);
}

const ToEnd = ({ onClick }: { onClick: () => void }) => (
  <button type="button" class="button to-end" onClick={onClick}>
    <Icon name="down" size={16} /> Latest
  </button>
);
