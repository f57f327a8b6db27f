import type { Feedback, Message } from '@gemini-chat/client';
import type { ShownMessage } from '@gemini-chat/client/react';
import { useMemo } from 'preact/hooks';
import { CopyButton } from '../ui/copy-button.js';
import { errorText } from '../ui/error-text.js';
import { Icon, type IconName } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { QuotaCard } from '../plan/quota-card.js';
import { MarkdownView } from '../markdown/markdown-view.js';
import { withReferences } from '../markdown/references.js';
import './answer.css';
import { replyErrorText } from './reply-error-text.js';
import { isGrowing, statusLabel, usageText } from './reply-status.js';
import { Sources } from './sources.js';
import { Thoughts } from './thoughts.js';
import { Thumbs } from './thumbs.js';
import { useVariants, type Variants } from './variants.js';

interface BotMessageProps {
  shown: ShownMessage;
  /** Whether it is the room's last message: only such a one can be regenerated. */
  isLast: boolean;
  busy: boolean;
  onRegenerate: () => void;
  /** Resolves with whether it was stored. */
  onRate: (reply: Message, feedback: Feedback) => Promise<boolean>;
  /** @param messageId of the variant that is shown */
  onFork: (messageId: string) => void;
}

/** A reply: its text, live while it is written, how it stands, and what can be done with it. */
export function BotMessage({ shown, isLast, busy, onRegenerate, onRate, onFork }: BotMessageProps) {
  const growing = isGrowing(shown);
  const variants = useVariants(shown.message, isLast && !growing);
  const variant = variants.all?.[variants.position];
  const isOther = variant !== undefined && variant.id !== shown.id;
  const seen = isOther ? showing(shown, variant) : shown;
  return (
    <article class={`message message-bot${growing ? ' message-growing' : ''}`} aria-label="Reply" aria-busy={growing}>
      <Answer key={seen.id} seen={seen} growing={growing} />
      <ReplyNotices shown={seen} />
      {shown.sendError !== null && <NotRegenerated shown={shown} />}
      <footer class="message-footer">
        <span class={`status status-${seen.status}`}>{statusLabel(seen)}</span>
        {!growing && seen.message !== null && <span>{usageText(seen.message)}</span>}
        {!growing && (
          <span class="message-actions">
            <VariantSwitch variants={variants} />
            {seen.message !== null && <RatedThumbs reply={seen.message} variants={variants} onRate={onRate} />}
            <CopyButton label="Copy the reply" text={() => seen.content} />
            <Action
              icon="fork"
              label="Fork from here"
              title="Fork from here: go on in a new room that has all up to this"
              disabled={false}
              onClick={() => onFork(variant?.id ?? shown.id)}
            />
            {isLast ? (
              <Action
                icon="refresh"
                label="Regenerate"
                title="Regenerate: another answer, for one message of your quota"
                disabled={busy}
                onClick={onRegenerate}
              />
            ) : (
              <Menu
                label="More for the reply"
                items={[{ icon: 'refresh', text: 'Show variants', onChoose: variants.ask }]}
              />
            )}
          </span>
        )}
      </footer>
    </article>
  );
}

/** Another variant in the place of the room's own. */
const showing = (shown: ShownMessage, variant: Message): ShownMessage => ({
  ...shown,
  id: variant.id,
  message: variant,
  content: variant.content,
  thoughts: variant.thoughts ?? '',
  sources: variant.sources,
  searchQueries: variant.searchQueries,
  status: variant.status,
});

/** What the model thought, what it says, and what that rests on. */
function Answer({ seen, growing }: { seen: ShownMessage; growing: boolean }) {
  const { content, thoughts, sources, searchQueries } = seen;
  const text = useMemo(() => withReferences(content, sources), [content, sources]);
  return (
    <>
      <Thoughts text={thoughts} growing={growing} answered={content !== ''} />
      {content === '' && growing ? (
        <Waiting text={thoughts === '' ? WAITING[seen.status] : 'The model thinks'} />
      ) : (
        <MarkdownView text={text} growing={growing} />
      )}
      <Sources sources={sources} searchQueries={searchQueries} />
    </>
  );
}

/** The thumbs of the variant that is shown. The room's messages have the newest one, the others are the variants' own. */
function RatedThumbs({
  reply,
  variants,
  onRate,
}: { reply: Message; variants: Variants } & Pick<BotMessageProps, 'onRate'>) {
  const rate = async (rating: Feedback['rating']): Promise<void> => {
    // A comment that was left elsewhere stays.
    const comment = reply.feedback?.comment ?? null;
    if (!(await onRate(reply, { rating, comment }))) return;
    variants.update({ ...reply, feedback: { rating, comment, createdAt: new Date().toISOString() } });
  };
  return <Thumbs reply={reply} onRate={(rating) => void rate(rating)} />;
}

interface ActionProps {
  icon: IconName;
  label: string;
  title?: string;
  disabled: boolean;
  onClick: () => void;
}

const Action = ({ icon, label, ...rest }: ActionProps) => (
  <button type="button" class="icon-button" aria-label={label} {...rest}>
    <Icon name={icon} size={16} />
  </button>
);

const WAITING: Record<string, string> = { queued: 'Waiting for the model', generating: 'The model begins' };

function Waiting({ text }: { text: string | undefined }) {
  return (
    <p class="waiting">
      <span class="waiting-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {text}
    </p>
  );
}

/** What a person should know of the reply besides its text. */
function ReplyNotices({ shown: { message, reconnecting } }: { shown: ShownMessage }) {
  const error = message === null ? null : replyErrorText(message);
  return (
    <>
      {reconnecting && (
        <p class="message-notice message-notice-lost" role="status">
          Connection lost. Connecting again; nothing of the reply is lost.
        </p>
      )}
      {error !== null && (
        <p class="message-notice message-notice-error">
          <Icon name="warning" size={16} /> {error}
        </p>
      )}
    </>
  );
}

function NotRegenerated({ shown: { sendError } }: { shown: ShownMessage }) {
  if (sendError?.code === 'daily_quota_exceeded') return <QuotaCard error={sendError} />;
  return (
    <p class="message-notice message-notice-error" role="alert">
      Not regenerated. {errorText(sendError)}
    </p>
  );
}

/** Walks through the variants of a reply. A single one is only shown to who asked for it. */
function VariantSwitch({ variants: { all, position, show, asked } }: { variants: Variants }) {
  if (all === null || (all.length < 2 && !asked)) return null;
  const step = (icon: IconName, label: string, target: number) => (
    <Action icon={icon} label={label} disabled={all[target] === undefined} onClick={() => show(target)} />
  );
  return (
    <span class="variants" role="group" aria-label="Variants of the reply">
      {step('left', 'Older variant', position - 1)}
      <span aria-live="polite">
        {position + 1}/{all.length}
      </span>
      {step('right', 'Newer variant', position + 1)}
    </span>
  );
}
