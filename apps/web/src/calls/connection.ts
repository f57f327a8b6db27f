import { createStore, type Store } from '../ui/store.js';

/** What a cut does to whoever reads, exactly as a lost network. */
export const lost = (): TypeError => new TypeError('The connection was lost.');

/** A request under way. */
export interface OpenRequest {
  /** Ends it, for whatever reason. */
  readonly signal: AbortSignal;
  /** Whether a cut has ended it. */
  readonly isCut: boolean;
  /** It has ended. */
  release(): void;
}

/** The page's connection to the API, which can be cut for trying what happens then. */
export class Connection {
  /** Whether no request gets through now. */
  readonly offline: Store<boolean> = createStore(false);
  private readonly open = new Set<() => void>();

  /** @throws TypeError while it is offline, as `fetch` does */
  begin(signal: AbortSignal): OpenRequest {
    if (this.offline.get()) throw lost();
    const controller = new AbortController();
    const request = { signal: controller.signal, isCut: false, release: () => undefined as void };
    const cut = (): void => {
      request.isCut = true;
      controller.abort(lost());
    };
    const passOn = (): void => controller.abort(signal.reason);
    if (signal.aborted) passOn();
    signal.addEventListener('abort', passOn);
    this.open.add(cut);
    request.release = () => {
      this.open.delete(cut);
      signal.removeEventListener('abort', passOn);
    };
    return request;
  }

  /** Ends all requests under way as a lost network would. @returns how many */
  cut(): number {
    const cuts = [...this.open];
    for (const cut of cuts) cut();
    return cuts.length;
  }

  /** Cuts, and lets nothing through for some time. */
  goOffline(forMs: number): void {
    if (this.offline.get()) return;
    this.offline.set(true);
    this.cut();
    setTimeout(() => this.offline.set(false), forMs);
  }
}

/** The page's one connection. */
export const connection = new Connection();
