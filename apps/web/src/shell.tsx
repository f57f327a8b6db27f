import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { AccountPage } from './account/account-page.js';
import { callLog } from './calls/call-log.js';
import { CallsDrawer } from './calls/calls-drawer.js';
import { forgetDrafts } from './composer/drafts.js';
import { Conversation } from './conversation/conversation.js';
import { HomePage } from './home-page.js';
import { returnFromCheckout } from './plan/checkout.js';
import { PlanPage } from './plan/plan-page.js';
import { loadPlan, planStatus } from './plan/plan-store.js';
import { type Route, useRoute } from './route.js';
import { RoomDialog, roomDialog } from './rooms/room-dialog.js';
import { RoomHeader } from './rooms/room-header.js';
import { forgetAttachments } from './files/attachments.js';
import { forgetContents } from './files/file-contents.js';
import { forgetRooms, loadRooms } from './rooms/rooms-store.js';
import { Sidebar } from './rooms/sidebar.js';
import { useRefresh } from './tabs.js';
import { callsCoverView, callsOpen, setCallsOpen } from './ui/calls-open.js';
import { useShortcuts } from './ui/shortcuts.js';
import { useStore } from './ui/store.js';

/** What someone sees who is logged in. */
export function Shell() {
  const route = useRoute();
  const showsCalls = useStore(callsOpen);
  useEffect(() => {
    void loadRooms();
    void loadPlan();
    void returnFromCheckout();
    return forget;
  }, []);
  useRefresh(({ what }) => what === 'rooms', loadRooms);
  useRefresh(({ what }) => what === 'plan' || what === 'messages', loadPlan);
  useShortcuts();
  useLayoutEffect(() => (showsCalls ? followCalls() : undefined), [showsCalls]);
  return (
    <div class={showsCalls ? 'shell shell-with-calls' : 'shell'} data-page={route.page}>
      <a class="skip-link visually-hidden" href="#main" onClick={skipToMain}>
        Skip to the conversation
      </a>
      <Sidebar />
      <Main route={route} />
      {showsCalls && <CallsDrawer onClose={() => setCallsOpen(false)} />}
      <RoomDialog />
    </div>
  );
}

/** Who logs in next sees nothing of what was shown. */
function forget(): void {
  forgetRooms();
  roomDialog.set(null);
  forgetAttachments();
  forgetDrafts();
  forgetContents();
  planStatus.set(null);
  callLog.clear();
}

/** Leads the focus into a drawer that covers the view, and back. Escape closes it. @returns what is done once it is closed */
function followCalls(): () => void {
  const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();
  const onKey = (event: KeyboardEvent): void => {
    const within = (selector: string): boolean => (event.target as Element).closest(selector) !== null;
    if (event.key !== 'Escape' || event.defaultPrevented || within('dialog')) return;
    if (callsCoverView() || within('.calls')) setCallsOpen(false);
  };
  if (callsCoverView()) focus('.calls button[aria-label]');
  addEventListener('keydown', onKey);
  return () => {
    removeEventListener('keydown', onKey);
    // What had the focus went with the drawer.
    if (document.activeElement === document.body) focus('.calls-button');
  };
}

/** Moves the focus without changing the address, which says what is shown. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** Where there is a keyboard, a room is opened to write in it; on a phone its keyboard would cover what is there. */
function focusOn(main: HTMLElement | null): void {
  const field = matchMedia('(hover: hover)').matches ? main?.querySelector<HTMLElement>('.composer textarea') : null;
  (field ?? main)?.focus();
}

/** The view beside the rooms. It takes the focus when another one is shown, so that a screen reader begins there. */
function Main({ route }: { route: Route }) {
  const ref = useRef<HTMLElement>(null);
  const shown = route.page === 'room' ? route.roomId : route.page;
  const before = useRef(shown);
  useEffect(() => {
    if (before.current !== shown) focusOn(ref.current);
    before.current = shown;
  }, [shown]);
  return (
    <main class="main" id="main" tabIndex={-1} ref={ref}>
      {route.page === 'home' && <HomePage />}
      {route.page === 'plan' && <PlanPage />}
      {route.page === 'account' && <AccountPage />}
      {route.page === 'room' && (
        <>
          <RoomHeader key={route.roomId} roomId={route.roomId} />
          <Conversation key={`conversation ${route.roomId}`} roomId={route.roomId} />
        </>
      )}
    </main>
  );
}
