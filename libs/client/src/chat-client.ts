import type { ChatClient, ChatClientOptions } from './types.js';

/** Makes the client of one user. */
export function createChatClient(options: ChatClientOptions = {}): ChatClient {
  throw new Error(`Not written yet: ${JSON.stringify(options)}`);
}
