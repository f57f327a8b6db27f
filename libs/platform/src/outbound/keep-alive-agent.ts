import { Agent, type AgentOptions } from 'node:http';
import { Agent as TlsAgent } from 'node:https';

/** How long after its last byte an idle connection is probed for a peer that has disappeared, and how often from then on, in milliseconds. */
const PROBE_MS = 15_000;

/** How many connections of a service are kept, and for how long. */
export interface KeptConnections {
  /** Idle connections at most; those in use are not limited. */
  maxIdle: number;
  /** Milliseconds without a request after which one is closed. A shorter time that the server hints at counts instead. */
  idleMs: number;
}

/**
 * Keeps connections to a service, so that a request after a pause pays for no new handshake. Idle connections keep no process
 * alive; `destroy()` closes them.
 *
 * @param protocol `http:` or `https:`
 */
export function keepAliveAgent(protocol: string, { maxIdle, idleMs }: KeptConnections): Agent {
  const options: AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: PROBE_MS,
    maxFreeSockets: maxIdle,
    timeout: idleMs,
  };
  return protocol === 'http:' ? new Agent(options) : new TlsAgent(options);
}
