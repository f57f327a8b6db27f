import { useState } from 'preact/hooks';
import { composerInsert } from '../composer/composer-insert.js';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { connection } from './connection.js';
import { MODEL_DISTURBANCES } from './model-disturbances.js';

const OFFLINE_MS = 5_000;

/** The sandbox stands on the machine of whoever tries it. */
const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

/** Ways to disturb the connection and the model, to see that the reply survives. */
export function Disturbances() {
  const offline = useStore(connection.offline);
  const [effect, setEffect] = useState('');
  return (
    <section class="disturbances" aria-label="Disturb">
      <h3>Disturb the connection</h3>
      <div class="disturbance-buttons">
        <button type="button" class="button button-small" onClick={() => setEffect(cut())}>
          <Icon name="cut" size={15} /> Cut my connection
        </button>
        <button
          type="button"
          class="button button-small"
          disabled={offline}
          onClick={() => connection.goOffline(OFFLINE_MS)}
        >
          {offline ? 'Offline …' : 'Go offline for 5 s'}
        </button>
      </div>
      {isLocal && (
        <>
          <h3>Disturb the model, at the next message</h3>
          <div class="disturbance-buttons">
            {MODEL_DISTURBANCES.map(({ name, directive, effect: expected }) => (
              <button
                key={name}
                type="button"
                class="button button-small"
                title={expected}
                onClick={() => {
                  composerInsert.set({ text: `[[behaviour:${directive}]]`, as: 'directive' });
                  setEffect(expected);
                }}
              >
                {name}
              </button>
            ))}
          </div>
          <p class="disturbance-note">
            They add a word for the sandbox to your message. To a real model it is only text.
          </p>
        </>
      )}
      <p class="disturbance-effect" role="status">
        {effect}
      </p>
    </section>
  );
}

/** @returns what came of it */
function cut(): string {
  const requests = connection.cut();
  if (requests === 0) return 'Nothing was open: cut while a reply is written.';
  return `${requests === 1 ? 'One open request was' : `${requests} open requests were`} cut. See how the client goes on.`;
}
