import type { Message } from '@gemini-chat/client';
import { Icon, type IconName } from '../ui/icon.js';

type Rating = NonNullable<Message['feedback']>['rating'];

/** What the person thinks of a reply. The one that is pressed takes it back. */
export function Thumbs({ reply, onRate }: { reply: Message; onRate: (rating: Rating) => void }) {
  const given = reply.feedback?.rating ?? null;
  const thumb = (icon: IconName, label: string, rating: Rating) => (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={given === rating}
      onClick={() => onRate(given === rating ? null : rating)}
    >
      <Icon name={icon} size={16} />
    </button>
  );
  return (
    <span class="thumbs" role="group" aria-label="What you think of the reply">
      {thumb('good', 'Good reply', 'up')}
      {thumb('bad', 'Bad reply', 'down')}
    </span>
  );
}
