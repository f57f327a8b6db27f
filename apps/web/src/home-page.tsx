import { createAndOpenRoom } from './rooms/rooms-store.js';
import './home-page.css';
import { Header } from './ui/header.js';
import { Icon } from './ui/icon.js';
import { SHORTCUTS } from './ui/shortcuts.js';

/** What stands beside the rooms while none is chosen. */
export function HomePage() {
  return (
    <>
      <Header title="Welcome" />
      <div class="view home">
        <div class="home-inner">
          <span class="brand-mark home-mark">
            <Icon name="spark" size={30} />
          </span>
          <h2 class="home-title">What would you like to know?</h2>
          <p class="muted">
            Replies are written by a worker and survive whatever happens to this page: reload it, cut the connection or
            stop the API while one is being written. “Calls” shows each request as it happens.
          </p>
          <button type="button" class="button button-primary" onClick={() => void createAndOpenRoom()}>
            <Icon name="plus" />
            New chat
          </button>
          <dl class="home-shortcuts">
            {SHORTCUTS.map(([keys, meaning]) => (
              <div key={keys}>
                <dt>
                  {keys.split(' ').map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
    </>
  );
}
