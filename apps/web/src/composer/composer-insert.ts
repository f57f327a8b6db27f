import { createStore, type Store } from '../ui/store.js';

/** What becomes of the message that is being written. */
export interface Insert {
  text: string;
  /**
   * `directive`: it takes the place of another directive. `draft`: it stands before what is written. `rescued`: as well, but it comes by
   * itself, and so leaves the focus where it is.
   */
  as: 'directive' | 'draft' | 'rescued';
}

/** What is to be added to the message that is being written; null: nothing. The composer takes it. */
export const composerInsert: Store<Insert | null> = createStore<Insert | null>(null);
