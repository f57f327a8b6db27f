import type { SessionStorage } from '@gemini-chat/client';

/** What tabs share. As a phone's secure store, it takes its time. */
export function sharedStorage(items = new Map<string, string>()): SessionStorage {
  return {
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
  };
}
