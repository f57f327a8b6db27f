import { createStore, type Store } from '../ui/store.js';

/** What becomes of the message that is being written. */
export interface Insert {
  text: string;
  /** `directive`: it takes the place of another directive. `draft`: it stands before what is written. */
  as: 'directive' | 'draft';
}

/** What is to be added to the message that is being written; null: nothing. The composer takes it. */
export const composerInsert: Store<Insert | null> = createStore<Insert | null>(null);
