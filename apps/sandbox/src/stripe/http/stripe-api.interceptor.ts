import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { EventLog } from '../account/event-log.js';
import { StripeApiError } from '../account/stripe.errors.js';
import { Timekeeper } from '../account/timekeeper.js';
import { API_VERSION } from '../api-version.js';
import { assertKey, assertNoExpansion, assertVersion } from './credentials.js';
import { type Fault, ApiFaults, ConnectionReset } from './api-faults.js';
import { Idempotency, type Outcome } from './idempotency.js';
import { Journal, type JournalEntry } from './journal.js';
import { decodeForm } from './params.js';

/** A call in progress. */
interface Call {
  request: FastifyRequest;
  reply: FastifyReply;
  entry: JournalEntry;
  faults: Fault[];
  carryOut: () => Promise<unknown>;
}

/** The steps of every call, in Stripe's order: availability, key, version, idempotency; then what is due, then the operation. */
@Injectable()
export class StripeApiInterceptor implements NestInterceptor {
  constructor(
    private readonly journal: Journal,
    private readonly faults: ApiFaults,
    private readonly idempotency: Idempotency,
    private readonly timekeeper: Timekeeper,
    private readonly events: EventLog,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const call = this.begin(request, http.getResponse<FastifyReply>(), () => lastValueFrom(next.handle()));
    return from(this.answer(call));
  }

  private begin(request: FastifyRequest, reply: FastifyReply, carryOut: () => Promise<unknown>): Call {
    const { method } = request;
    const path = pathOf(request);
    const idempotencyKey = headerOf(request, 'idempotency-key') ?? null;
    const entry = this.journal.begin({ method, path, params: decodeForm(request), idempotencyKey });
    const faults = this.faults.claim(method, path);
    if (faults.length > 0) entry.fault = faults.map(({ kind }) => kind).join(', ');
    reply.header('Request-Id', entry.id).header('Stripe-Version', headerOf(request, 'stripe-version') ?? API_VERSION);
    if (idempotencyKey !== null) reply.header('Idempotency-Key', idempotencyKey);
    return { request, reply, entry, faults, carryOut };
  }

  private async answer(call: Call): Promise<unknown> {
    const { request, reply, entry, faults } = call;
    try {
      await this.faults.assertAvailable(request);
      await this.faults.beforeCall(faults, request);
      assertKey(request.headers.authorization);
      assertVersion(headerOf(request, 'stripe-version'));
      assertNoExpansion(entry.params);
      const { outcome, isReplayed } = await this.once(call);
      entry.replayed = isReplayed;
      if (isReplayed) reply.header('Idempotent-Replayed', 'true');
      if (faults.some(({ kind }) => kind === 'lost-response')) throw new ConnectionReset();
      if ('error' in outcome) throw outcome.error;
      entry.status = 200;
      return outcome.answer;
    } catch (error) {
      if (error instanceof StripeApiError) entry.status = error.status;
      throw error;
    }
  }

  private async once(call: Call): Promise<{ outcome: Outcome; isReplayed: boolean }> {
    const { idempotencyKey, method, path, params } = call.entry;
    if (method !== 'POST' || idempotencyKey === null) {
      return { outcome: await this.outcomeOf(call), isReplayed: false };
    }
    const keyed = { key: idempotencyKey, path, params: JSON.stringify(params) };
    return this.idempotency.once(keyed, () => this.outcomeOf(call));
  }

  private async outcomeOf({ entry, faults, carryOut }: Call): Promise<Outcome> {
    try {
      await this.faults.duringCall(faults);
      this.timekeeper.settle();
      const cause = { id: entry.id, idempotencyKey: entry.idempotencyKey };
      return { answer: await this.events.causedBy(cause, carryOut) };
    } catch (error) {
      if (error instanceof StripeApiError) return { error };
      throw error;
    }
  }
}

const pathOf = ({ url }: FastifyRequest): string => new URL(url, 'http://sandbox').pathname;

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
