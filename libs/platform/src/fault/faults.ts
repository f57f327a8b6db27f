import { Injectable } from '@nestjs/common';
import { FaultConfig } from './fault.config.js';

/** Lets a process die at a named point of a message's life, as a crash would: no handler runs, nothing is flushed. */
@Injectable()
export class Faults {
  private readonly point: string | undefined;
  private visitsLeft: number;

  constructor(readonly config: FaultConfig) {
    const [point, visit] = (config.FAULT_POINT ?? '').split(':');
    this.point = point;
    this.visitsLeft = Number(visit ?? 1);
  }

  /** Kills the process if this is the configured point, for the configured visit. */
  at(point: FaultPoint): void {
    if (point === this.point && --this.visitsLeft === 0) process.kill(process.pid, 'SIGKILL');
  }

  /** Whether a safety is switched off for a test. */
  switchedOff(safety: 'sweep' | 'fence'): boolean {
    return this.config.FAULT_SWITCH_OFF === safety;
  }
}

/** The points of a message's life, in its order: API first, then worker. */
export const FAULT_POINTS = [
  'accept', // nothing is stored yet
  'accepted', // committed, nobody rang, the client has no answer
  'rung', // rung, the client has no answer
  'claim', // the worker has the job, not the claim
  'claimed', // claimed, the model isn't asked yet
  'first-word', // the model has begun to answer
  'answered', // the whole answer is here, not stored
  'finished', // stored, the room's next reply isn't rung for
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];
