import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** How often connections are closed on which an answer has ended. */
const IDLE_CHECK_MS = 100;

/**
 * From now on each answer says `Connection: close`, so that the connections that proxies and clients keep end where none is cut: behind
 * an answer. All that arrives is served.
 */
export function closeConnectionsAfterAnswers(server: Server): void {
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Connection', 'close');
  });
}

/**
 * Refuses new connections, which a proxy can take elsewhere, and closes those that have been idle all the time. What has arrived is
 * still served. The server is closed when the last connection is.
 */
export async function stopListening(server: Server): Promise<void> {
  // Connections that the system has taken, and the process not yet, would be reset with their requests. Right after the event loop has
  // taken all of them there are none.
  await setImmediate();
  server.close();
  // Answers that had begun before the shutdown, such as streams, leave kept connections behind.
  const closing = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  server.once('close', () => clearInterval(closing));
}
