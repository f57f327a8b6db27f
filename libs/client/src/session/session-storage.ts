import { platform } from '../platform.js';
import { ChatError } from '../errors.js';
import { inTurn } from './storage-turn.js';
import type { Account, Session, SessionStorage } from '../types.js';

/** What is kept of a login. */
export interface StoredSession {
  /** Names the login, whatever becomes of its tokens. */
  login: string;
  accessToken: string;
  refreshToken: string;
  /** When the access token expires by this device's clock, in milliseconds since 1970. */
  expiresAt: number;
  /** How long an access token is good, in milliseconds. */
  lifetimeMs: number;
  user: Account;
}

type Listener = (session: Session | null) => void;

/** How long another tab may hold the lock before this one goes ahead. */
const LOCK_MS = 60_000;

/** In memory: for one client alone. */
function memoryStorage(): SessionStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
}

/**
 * Keeps the session, and tells of its changes, those of other tabs, too: whenever the storage is read and holds another login than before.
 * Tabs tell each other to read, by `storage` events and a `BroadcastChannel`, where the platform has them.
 */
export class KeptSession {
  private readonly isShared: boolean;
  private readonly listeners = new Set<Listener>();
  private storage: SessionStorage;
  /** The login that was read last; undefined before the first time. */
  private known: string | null | undefined;
  private writes = 0;
  private stopHearing: () => void = () => undefined;

  /** @param storage in memory unless given */
  constructor(
    storage: SessionStorage | undefined,
    private readonly key: string,
  ) {
    this.isShared = storage !== undefined;
    this.storage = storage ?? memoryStorage();
  }

  async read(): Promise<StoredSession | null> {
    for (;;) {
      const { writes } = this;
      const session = parsed(await this.item());
      // What was read before a write is not how it is now.
      if (writes !== this.writes) continue;
      this.notice(session, session?.login ?? null);
      return session;
    }
  }

  private async item(): Promise<string | null> {
    try {
      return await this.storage.getItem(this.key);
    } catch (cause) {
      throw new ChatError('connection', 'The storage of the session can not be read', { cause });
    }
  }

  async write(session: StoredSession | null): Promise<void> {
    this.writes++;
    try {
      await (session === null
        ? this.storage.removeItem(this.key)
        : this.storage.setItem(this.key, JSON.stringify(session)));
    } catch {
      // A full or forbidden storage: better a session that ends with the page than none.
      this.storage = memoryStorage();
      if (session !== null) await this.storage.setItem(this.key, JSON.stringify(session));
    }
    this.writes++;
    this.notice(session, null);
    this.tellOtherTabs();
  }

  /** @returns what ends it */
  onChange(listener: Listener): () => void {
    // A listener of its own, in case one is passed twice.
    const own: Listener = (session) => listener(session);
    if (this.listeners.size === 0) this.stopHearing = this.hearOtherTabs();
    this.listeners.add(own);
    this.readSoon();
    return () => {
      if (this.listeners.delete(own) && this.listeners.size === 0) this.stopHearing();
    };
  }

  /**
   * Runs alone among all tabs: by Web Locks, which pages have that came by HTTPS or from this device; in other pages by a mark in the storage. If
   * another tab doesn't come to an end, it runs all the same: the API gives the same tokens to a refresh that is repeated, until they are used.
   */
  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    const locks = platform.navigator?.locks;
    if (!this.isShared) return run();
    // Only pages have tabs.
    if (locks === undefined)
      return platform.addEventListener === undefined ? run() : inTurn(this.storage, `${this.key}-turn`, run);
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(), LOCK_MS);
    let runs = false;
    const alone = (): Promise<T> => {
      runs = true;
      clearTimeout(timer);
      return run();
    };
    try {
      return await locks.request(this.key, { signal: wait.signal }, alone);
    } catch (error) {
      if (runs) throw error;
      return await run();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads only to notice. A storage that can't be read tells nothing of the session. */
  private readSoon(): void {
    this.read().catch(() => undefined);
  }

  /** @param unlessKnown what to take for known before the first time */
  private notice(session: StoredSession | null, unlessKnown: string | null): void {
    const before = this.known === undefined ? unlessKnown : this.known;
    this.known = session?.login ?? null;
    if (before === this.known) return;
    for (const listener of this.listeners) {
      try {
        listener(session === null ? null : { user: session.user });
      } catch (error) {
        // It is the listener's own trouble, and reported as that of an event's listener: neither the login nor the request fails by it.
        setTimeout(() => {
          throw error;
        });
      }
    }
  }

  private tellOtherTabs(): void {
    const channel = this.channel();
    channel?.postMessage('changed');
    channel?.close();
  }

  private hearOtherTabs(): () => void {
    const channel = this.channel();
    const read = (): void => this.readSoon();
    channel?.addEventListener('message', read);
    if (this.isShared) platform.addEventListener?.('storage', read);
    return () => {
      channel?.close();
      platform.removeEventListener?.('storage', read);
    };
  }

  private channel() {
    if (!this.isShared || typeof platform.BroadcastChannel !== 'function') return null;
    const channel = new platform.BroadcastChannel(this.key);
    // Node would run on for as long as it is open.
    channel.unref?.();
    return channel;
  }
}

function parsed(text: string | null): StoredSession | null {
  try {
    const session = JSON.parse(text ?? 'null') as StoredSession | null;
    return typeof session?.refreshToken === 'string' ? session : null;
  } catch {
    return null;
  }
}
