import { createStore, type Store } from '../ui/store.js';

/** What is to be added to the message that is being written; null: nothing. The composer takes it. */
export const composerInsert: Store<{ text: string } | null> = createStore<{ text: string } | null>(null);
