import { useState } from 'preact/hooks';
import { client } from '../client.js';
import { Confirmation } from '../ui/dialog.js';
import { FieldError } from '../ui/field-error.js';
import { Header } from '../ui/header.js';
import { Icon } from '../ui/icon.js';
import { notify, notifyError } from '../ui/notices.js';
import { useAction } from '../ui/use-action.js';
import './account.css';
import { ExportCard } from './export-card.js';
import { ProfileCard } from './profile-card.js';
import { SessionsCard } from './sessions-card.js';
import { ThemeCard } from './theme-card.js';

/** The user's own things: name, logins, how the page looks, and the end of the account. */
export function AccountPage() {
  return (
    <>
      <Header title="Account">
        <SignOutButton />
      </Header>
      <div class="view">
        <div class="view-inner">
          <ProfileCard />
          <SessionsCard />
          <ThemeCard />
          <section class="card" aria-labelledby="developers">
            <h2 id="developers">For developers</h2>
            <p class="row">
              <a href="/docs">API reference</a>
              <a href="/openapi.json">OpenAPI document</a>
              <a href="/problems">Errors and what to do</a>
            </p>
          </section>
          <ExportCard />
          <DeletionCard />
        </div>
      </div>
    </>
  );
}

function SignOutButton() {
  return (
    <button type="button" class="button button-quiet" onClick={() => void client.auth.signOut().catch(notifyError)}>
      <Icon name="logout" size={17} />
      Sign out
    </button>
  );
}

function DeletionCard() {
  const [asks, setAsks] = useState(false);
  const remove = useAction(async () => {
    await client.account.delete();
    notify('The account is deleted.');
  });
  return (
    <section class="card" aria-labelledby="deletion">
      <h2 id="deletion">Delete the account</h2>
      <p class="muted">All chats and messages are deleted, every device is logged out, and a paid plan is cancelled.</p>
      <FieldError text={remove.error} />
      <div class="row">
        <button type="button" class="button button-danger" disabled={remove.busy} onClick={() => setAsks(true)}>
          Delete the account
        </button>
      </div>
      {asks && (
        <Confirmation
          title="Delete the account?"
          text="Everything in it is deleted at once. This can’t be undone."
          action="Delete for good"
          onConfirm={() => remove.run()}
          onClose={() => setAsks(false)}
        />
      )}
    </section>
  );
}
