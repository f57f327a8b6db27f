import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('attack-process.mjs', import.meta.url));

/** One request of an attack; they are sent in turn by each connection. */
export interface AttackRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** What an attack has met. */
export interface AttackResult {
  /** How many answers of each status. */
  statuses: Record<string, number>;
  /** Connections that were cut, and requests that were not answered in time. */
  errors: number;
  perSecond: number;
}

/** Somebody who sends requests at full speed from a process of their own. */
export class Attacker {
  private constructor(private readonly child: ChildProcess) {}

  static start(url: string, connections: number, requests: AttackRequest[]): Attacker {
    const child = fork(PROGRAM, { execArgv: [] });
    child.send({ url, connections, requests });
    return new Attacker(child);
  }

  /** Ends the attack. */
  async stop(): Promise<AttackResult> {
    const result = once(this.child, 'message');
    this.child.send('stop');
    return (await result)[0] as AttackResult;
  }
}
