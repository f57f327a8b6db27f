import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stripeId } from '../account/ids.js';
import { StripeApiError } from '../account/stripe.errors.js';

export const faultKinds = ['status', 'hang', 'reset', 'lost-response', 'latency'] as const;
export const availabilityModes = ['up', 'unavailable', 'reset', 'hang'] as const;
export type AvailabilityMode = (typeof availabilityModes)[number];

/** A failure of the next calls that match. */
export interface Fault {
  id: string;
  kind: (typeof faultKinds)[number];
  /** The answer of a `status` fault. */
  status: number;
  delayMs: number;
  /** The number of calls that it still applies to; null: all. */
  times: number | null;
  method: string | null;
  /** The beginning of the path. */
  path: string | null;
  /** The parameter that the answer of a `status` fault from 400 to 499 names. */
  param: string | null;
  /** Whether the answer of a `status` fault is kept under the idempotency key. */
  saved: boolean;
}

/** Thrown where the connection is to be closed without an answer. */
export class ConnectionReset extends Error {}

/** Closes the connection without an answer. */
export function closeConnection(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.destroy();
}

/** The failures that the control API has asked for. */
@Injectable()
export class ApiFaults {
  private faults: Fault[] = [];
  private mode: AvailabilityMode = 'up';

  add(fault: Omit<Fault, 'id'>): Fault {
    const added = { ...fault, id: stripeId('flt', 8) };
    this.faults.push(added);
    return added;
  }

  clear(): void {
    this.faults = [];
  }

  setAvailability(mode: AvailabilityMode): void {
    this.mode = mode;
  }

  /** The faults that apply to this call: all delays, and the oldest other one. Counts them as used. */
  claim(method: string, path: string): Fault[] {
    const matching = this.faults.filter(
      (fault) => (fault.method ?? method) === method && path.startsWith(fault.path ?? ''),
    );
    const failure = matching.find(({ kind }) => kind !== 'latency');
    const applied = matching.filter((fault) => fault.kind === 'latency' || fault === failure);
    for (const fault of applied) if (fault.times !== null) fault.times -= 1;
    this.faults = this.faults.filter(({ times }) => times !== 0);
    return applied;
  }

  /** @throws ConnectionReset | StripeApiError unless the service is up */
  async assertAvailable(request: FastifyRequest): Promise<void> {
    if (this.mode === 'reset') throw new ConnectionReset();
    if (this.mode === 'hang') await hang(request);
    if (this.mode === 'unavailable') throw new StripeApiError(503, 'api_error', 'Stripe is currently unavailable.');
  }

  /** Applies the faults that come before any check of the call. @throws ConnectionReset */
  async beforeCall(faults: readonly Fault[], request: FastifyRequest): Promise<void> {
    if (faults.some(({ kind }) => kind === 'reset')) throw new ConnectionReset();
    if (faults.some(({ kind }) => kind === 'hang')) await hang(request);
  }

  /** Applies the faults that come while the call holds its idempotency key. @throws StripeApiError */
  async duringCall(faults: readonly Fault[]): Promise<void> {
    for (const { kind, delayMs } of faults) if (kind === 'latency') await sleep(delayMs);
    const failure = faults.find(({ kind }) => kind === 'status');
    if (failure) throw failureOf(failure);
  }
}

/** @throws ConnectionReset when the client has closed the connection */
async function hang({ raw }: FastifyRequest): Promise<never> {
  if (!raw.socket.destroyed) await once(raw.socket, 'close');
  throw new ConnectionReset();
}

function failureOf({ status, saved, param }: Fault): StripeApiError {
  if (status === 429) {
    const message = 'Request rate limit exceeded.';
    return new StripeApiError(429, 'invalid_request_error', message, { code: 'rate_limit' });
  }
  if (status === 409) {
    const message = 'This object cannot be accessed right now because another API request is currently accessing it.';
    return new StripeApiError(409, 'invalid_request_error', message, { code: 'lock_timeout', shouldRetry: true });
  }
  if (status < 500) {
    const details = param === null ? {} : { param };
    return new StripeApiError(status, 'invalid_request_error', 'Refused by a fault of the sandbox.', details);
  }
  const message = 'An unknown error occurred: a fault of the sandbox.';
  return new StripeApiError(status, 'api_error', message, { shouldRetry: saved ? false : undefined, isSaved: saved });
}
