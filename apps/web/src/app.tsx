import { CallsDrawer } from './calls/calls-drawer.js';

/** The whole page: the login, or rooms, a conversation and the drawer of calls. */
export function App() {
  return <CallsDrawer />;
}
