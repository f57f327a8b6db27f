import { Injectable } from '@nestjs/common';
import { CrashConfig } from './crash.config.js';

/** Lets a process die at a named point of a message's life, as a crash would: no handler runs, nothing is flushed. */
@Injectable()
export class CrashPointService {
  private readonly point: string | undefined;
  private visitsLeft: number;

  constructor(readonly config: CrashConfig) {
    const [point, visit] = (config.CRASH_POINT ?? '').split(':');
    this.point = point;
    this.visitsLeft = Number(visit ?? 1);
  }

  /** Kills the process if this is the configured point, for the configured visit. */
  at(point: CrashPoint): void {
    if (point === this.point && --this.visitsLeft === 0) process.kill(process.pid, 'SIGKILL');
  }
}

/** The points of a message's life, in its order: API first, then worker. */
export const CRASH_POINTS = [
  'accept', // nothing is stored yet
  'accepted', // committed, not enqueued, the client has no answer
  'enqueued', // enqueued, the client has no answer
  'claim', // the worker has the job, not the claim
  'claimed', // claimed, the model isn't asked yet
  'first-token', // the model has begun to answer
  'answered', // the whole answer is here, not stored
  'finished', // stored, the user's next reply isn't enqueued
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];
