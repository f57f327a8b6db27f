import { useEffect } from 'preact/hooks';
import { LoginPage } from './login/login-page.js';
import { useRoute } from './route.js';
import { followSession, session } from './session.js';
import { ReadingPage } from './sharing/reading-page.js';
import { Shell } from './shell.js';
import { NoticeList } from './ui/notice-list.js';
import { useStore } from './ui/store.js';

/** The whole page: what somebody has shared, the login, or rooms, a conversation and the drawer of calls. */
export function App() {
  const known = useStore(session);
  const route = useRoute();
  useEffect(followSession, []);
  if (route.page === 'shared') {
    return (
      <>
        <ReadingPage token={route.token} />
        <NoticeList />
      </>
    );
  }
  return (
    <>
      {known === undefined && <p class="loading">Loading …</p>}
      {known === null && <LoginPage />}
      {known && <Shell key={known.user.id} />}
      <NoticeList />
    </>
  );
}
