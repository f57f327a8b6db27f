import { client } from '../client.js';
import { FieldError } from '../ui/field-error.js';
import { Icon } from '../ui/icon.js';
import { useAction } from '../ui/use-action.js';

/** Everything that is held of the user, as a file. */
export function ExportCard() {
  const save = useAction(async () => saveAs('account.json', await client.account.export()));
  return (
    <section class="card" aria-labelledby="export">
      <h2 id="export">Your data</h2>
      <p class="muted">Account, chats, messages, sessions and usage, in one JSON file.</p>
      <FieldError text={save.error} />
      <div class="row">
        <button type="button" class="button" disabled={save.busy} onClick={() => save.run()}>
          <Icon name="download" size={17} />
          {save.busy ? 'Collecting …' : 'Export'}
        </button>
      </div>
    </section>
  );
}

function saveAs(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
