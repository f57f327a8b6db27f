import { createChatClient } from '@gemini-chat/client';
import { recordedFetch } from './calls/recorded-fetch.js';

/** The page's one client. All tabs share its session. */
export const client = createChatClient({ fetch: recordedFetch, storage: localStorage });
