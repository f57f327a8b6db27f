interface Channel {
  postMessage(data: string): void;
  close(): void;
  addEventListener(type: 'message', listener: () => void): void;
  /** Node's alone. */
  unref?(): void;
}

/** What one platform has and another lacks: pages, Node and React Native are each missing something else. */
interface Platform {
  location?: { origin?: string };
  crypto?: { getRandomValues?(bytes: Uint8Array): unknown };
  navigator?: {
    locks?: { request<T>(name: string, options: { signal: AbortSignal }, run: () => Promise<T>): Promise<T> };
  };
  BroadcastChannel?: new (name: string) => Channel;
  addEventListener?(type: 'storage' | 'online', listener: () => void): void;
  removeEventListener?(type: 'storage' | 'online', listener: () => void): void;
}

/** The globals of the platform that it runs on, as far as it has them. */
export const platform = globalThis as unknown as Platform;
