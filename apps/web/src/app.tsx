import { useEffect } from 'preact/hooks';
import { LoginPage } from './login/login-page.js';
import { followSession, session } from './session.js';
import { Shell } from './shell.js';
import { NoticeList } from './ui/notice-list.js';
import { useStore } from './ui/store.js';

/** The whole page: the login, or rooms, a conversation and the drawer of calls. */
export function App() {
  const known = useStore(session);
  useEffect(followSession, []);
  return (
    <>
      {known === undefined && <p class="loading">Loading …</p>}
      {known === null && <LoginPage />}
      {known && <Shell key={known.user.id} />}
      <NoticeList />
    </>
  );
}
