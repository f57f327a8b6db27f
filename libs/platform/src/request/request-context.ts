import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known everywhere about the request, or the job that a request caused, that is being worked on. */
export interface RequestScope {
  requestId: string;
  /** The keyed hash of the client's address, in hex; a job has none. */
  addressHash?: string;
  /** Whose token the request has, once that is known. */
  userId?: string;
}

const storage = new AsyncLocalStorage<RequestScope>();

/** Carries the request's id through promises, so that logs and queued jobs can name it without passing it along. */
export const RequestContext = {
  /** Runs the work, and everything that it awaits, in this scope. */
  run<T>(scope: RequestScope, work: () => T): T {
    return storage.run(scope, work);
  },

  /** Notes whose request it is. */
  setUser(userId: string): void {
    const scope = storage.getStore();
    if (scope !== undefined) scope.userId = userId;
  },

  /** The id of the request that caused this; undefined outside of any (timers, boot). */
  get requestId(): string | undefined {
    return storage.getStore()?.requestId;
  },

  /** The keyed hash of the address that the request came from; undefined outside of any. */
  get addressHash(): string | undefined {
    return storage.getStore()?.addressHash;
  },
};
