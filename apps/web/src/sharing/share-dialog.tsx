import type { Room, Share } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { CopyButton } from '../ui/copy-button.js';
import { Dialog } from '../ui/dialog.js';
import { FieldError } from '../ui/field-error.js';
import { notifyError } from '../ui/notices.js';
import { momentText } from '../ui/time.js';
import { useAction } from '../ui/use-action.js';
import './sharing.css';

/** Makes links to a conversation, and ends them. */
export function ShareDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const [shares, setShares] = useState<Share[]>([]);
  const load = async (): Promise<void> => {
    const all: Share[] = [];
    for await (const share of client.shares.list(room.id)) all.push(share);
    setShares(all);
  };
  useEffect(() => {
    load().catch(notifyError);
  }, []);
  const change = useAction(async (work: () => Promise<unknown>) => {
    await work();
    await load();
  });
  return (
    <Dialog title="Share this chat" onClose={onClose}>
      <p>
        Whoever has the link reads the chat as it is now, without an account. What you write later is not in it, and you
        can end it at any time.
      </p>
      <ul class="shares">
        {shares.map((share) => (
          <ShareItem
            key={share.token}
            share={share}
            busy={change.busy}
            onEnd={() => change.run(() => client.shares.revoke(room.id, share.token))}
          />
        ))}
      </ul>
      <FieldError text={change.error} />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        <button
          type="button"
          class="button button-primary"
          disabled={change.busy}
          onClick={() => change.run(() => client.shares.create(room.id))}
        >
          Create a link
        </button>
      </div>
    </Dialog>
  );
}

function ShareItem({ share: { url, createdAt }, busy, onEnd }: { share: Share; busy: boolean; onEnd: () => void }) {
  const made = momentText(createdAt);
  return (
    <li class="share">
      <div class="share-text">
        <a href={url} target="_blank" rel="noreferrer">
          {url}
        </a>
        <p class="muted small">As of {made}</p>
      </div>
      <CopyButton label={`Copy the link of ${made}`} text={() => url} />
      <button type="button" class="button" disabled={busy} aria-label={`End the link of ${made}`} onClick={onEnd}>
        End
      </button>
    </li>
  );
}
