import { useEffect, useRef } from 'preact/hooks';

/** What a tab has changed, so that others show it, too. */
export type Change = { what: 'rooms' } | { what: 'messages'; roomId: string } | { what: 'plan' } | { what: 'account' };

const channel = new BroadcastChannel('gemini-chat');

/** Tells the other tabs. */
export function announce(change: Change): void {
  channel.postMessage(change);
}

/**
 * Calls back when another tab has changed something that concerns the caller, and when this tab is shown again: until then
 * other devices may have changed anything.
 */
export function useRefresh(concerns: (change: Change) => boolean, refresh: () => unknown): void {
  const latest = useRef({ concerns, refresh });
  latest.current = { concerns, refresh };
  useEffect(() => {
    const onMessage = ({ data }: MessageEvent<Change>): void => {
      if (latest.current.concerns(data)) latest.current.refresh();
    };
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') latest.current.refresh();
    };
    channel.addEventListener('message', onMessage);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      channel.removeEventListener('message', onMessage);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, []);
}
