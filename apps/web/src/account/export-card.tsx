import { client } from '../client.js';
import { saveAs } from '../files/save-as.js';
import { FieldError } from '../ui/field-error.js';
import { Icon } from '../ui/icon.js';
import { useAction } from '../ui/use-action.js';

/** Everything that is held of the user, as a file. */
export function ExportCard() {
  const save = useAction(async () => {
    const text = await client.account.export();
    saveAs('account.json', new Blob([text], { type: 'application/json' }));
  });
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
