import type { Account } from '@gemini-chat/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { client } from '../client.js';
import { session } from '../session.js';
import { announce, useRefresh } from '../tabs.js';
import { FieldError } from '../ui/field-error.js';
import { notify, notifyError } from '../ui/notices.js';
import { momentText } from '../ui/time.js';
import { useAction } from '../ui/use-action.js';

/** The name, which can be changed, and the number, which can't. */
export function ProfileCard() {
  const input = useRef<HTMLInputElement>(null);
  const [account, setAccount] = useState<Account | null>(null);
  const show = (user: Account): void => {
    setAccount(user);
    session.set({ user });
  };
  const load = (): void => {
    client.account.get().then(show, notifyError);
  };
  useEffect(load, []);
  useRefresh(({ what }) => what === 'account', load);
  const save = useAction(async () => {
    const saved = await client.account.update({ name: input.current?.value.trim() || null });
    show(saved);
    showAsSaved(input.current, saved.name ?? '');
    announce({ what: 'account' });
    notify('Saved.');
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    save.run();
  };
  if (account === null) return <p class="muted">Loading …</p>;
  return (
    <form class="card" aria-labelledby="profile" onSubmit={submit}>
      <h2 id="profile">You</h2>
      <div class="field">
        <label for="profile-name">Name</label>
        <div class="profile-name">
          <input id="profile-name" ref={input} autocomplete="name" maxLength={100} defaultValue={account.name ?? ''} />
          <button class="button" disabled={save.busy}>
            Save
          </button>
        </div>
      </div>
      <FieldError text={save.error} />
      <p class="muted small">
        {account.phone}, here since {momentText(account.createdAt)}
      </p>
    </form>
  );
}

/** What was typed is what is stored now: from here on the field follows what other tabs store, until it is typed into again. */
function showAsSaved(input: HTMLInputElement | null, name: string): void {
  if (input?.value.trim() !== name) return;
  input.defaultValue = name;
  input.form?.reset();
}
