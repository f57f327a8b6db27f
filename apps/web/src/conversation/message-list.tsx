import type { Feedback, Message } from '@gemini-chat/client';
import type { ConversationView, ShownMessage } from '@gemini-chat/client/react';
import { useEffect } from 'preact/hooks';
import { client } from '../client.js';
import { composerInsert } from '../composer/composer-insert.js';
import { forgetEdit, readEdits } from '../composer/drafts.js';
import { attachmentsOf, deleteUnused } from '../files/attachments.js';
import { forkAndOpenRoom } from '../rooms/rooms-store.js';
import { useRoom } from '../rooms/use-room.js';
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
  // One that was not sent is none of the room's yet.
  const question = messages.findLast(({ role, message }) => role === 'user' && message !== null);
  // The list of rooms knows of changes sooner.
  const room = useRoom(roomId) ?? view.room;
  const sending = messages.findLast((shown) => shown.status === 'sending')?.key;
  useEffect(() => {
    if (sending !== undefined) toEnd();
  }, [sending]);
  useRescuedEdits(roomId, view, question?.id);
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
                model={room?.model}
                onEdit={shown === question && !busy ? (content) => edit(roomId, view, shown, content) : null}
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
  await edited.then(() => forgetEdit(roomId, id)).finally(() => view.reload());
}

/** Makes edits whose questions are no longer there, since another tab asked them anew, the message that is being written. */
function useRescuedEdits(
  roomId: string,
  { messages, status }: ConversationView,
  latestQuestion: string | undefined,
): void {
  useEffect(() => {
    if (status !== 'ready') return;
    const lost = readEdits(roomId).filter((edit) => messages.every(({ id }) => id !== edit.id));
    for (const { id } of lost) forgetEdit(roomId, id);
    // What the room has was asked here, and only the answer to that is not there, or was lost.
    const isAsked = (text: string) => messages.some(({ role, content }) => role === 'user' && content === text);
    const texts = lost.map(({ text }) => text).filter((text) => text !== '' && !isAsked(text));
    if (texts.length > 0) composerInsert.set({ text: texts.join('\n\n'), as: 'rescued' });
  }, [latestQuestion, status]);
}

const ToEnd = ({ onClick }: { onClick: () => void }) => (
  <button type="button" class="button to-end" onClick={onClick}>
    <Icon name="down" size={16} /> Latest
  </button>
);
