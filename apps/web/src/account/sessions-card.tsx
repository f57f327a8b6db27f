import type { LoginSession } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { announce, useRefresh } from '../tabs.js';
import { FieldError } from '../ui/field-error.js';
import { Icon } from '../ui/icon.js';
import { notify, notifyError } from '../ui/notices.js';
import { momentText } from '../ui/time.js';
import { useAction } from '../ui/use-action.js';
import { deviceText } from './device-text.js';

/** Where the user is logged in. */
export function SessionsCard() {
  const [sessions, setSessions] = useState<LoginSession[] | null>(null);
  const load = async (): Promise<void> => {
    const { items } = await client.auth.sessions().page();
    setSessions(items);
  };
  const reload = (): void => {
    load().catch(notifyError);
  };
  useEffect(reload, []);
  useRefresh(({ what }) => what === 'account', reload);
  const change = useAction(async (work: () => Promise<void>) => {
    await work();
    await load();
    announce({ what: 'account' });
    notify('Logged out there.');
  });
  const others = sessions?.filter(({ current }) => !current) ?? [];
  return (
    <section class="card" aria-labelledby="sessions">
      <div class="row row-apart">
        <h2 id="sessions">Where you are logged in</h2>
        {others.length > 0 && (
          <button
            type="button"
            class="button"
            disabled={change.busy}
            onClick={() => change.run(() => client.auth.endOtherSessions())}
          >
            End all others
          </button>
        )}
      </div>
      {sessions === null && <p class="muted">Loading …</p>}
      <ul class="sessions">
        {sessions?.map((session) => (
          <SessionItem
            key={session.id}
            session={session}
            onEnd={() => change.run(() => client.auth.endSession(session.id))}
          />
        ))}
      </ul>
      <FieldError text={change.error} />
    </section>
  );
}

function SessionItem({ session, onEnd }: { session: LoginSession; onEnd: () => void }) {
  const device = deviceText(session.userAgent);
  return (
    <li class="session">
      <Icon name="device" size={22} />
      <div class="session-text">
        <p>
          {device} {session.current && <span class="badge badge-success">This one</span>}
        </p>
        <p class="muted small">
          {session.ip ?? 'unknown address'}, last used {momentText(session.lastUsedAt)}
        </p>
      </div>
      {!session.current && (
        <button type="button" class="button" aria-label={`End the login of ${device}`} onClick={onEnd}>
          End
        </button>
      )}
    </li>
  );
}
