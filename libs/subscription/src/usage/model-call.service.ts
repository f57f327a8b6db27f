import { Injectable } from '@nestjs/common';
import { type BeginningCall, ModelCallStore, type RecordedCall, STALE_BATCH_SIZE } from './model-call.store.js';
import { UsageMetrics } from './usage.metrics.js';
import type { UsedTokens } from './used-tokens.js';

/**
 * Counts calls that no reply's row stands for, such as those for titles:
 * `const call = await calls.begin(…); try { … } finally { await calls.settle(call, usage) }`.
 */
@Injectable()
export class ModelCallService {
  constructor(
    private readonly store: ModelCallStore,
    private readonly metrics: UsageMetrics,
  ) {}

  /**
   * To be called before the model is.
   *
   * @returns the call's id; null when the account no longer exists: the call is not to be made
   */
  begin(call: BeginningCall): Promise<string | null> {
    return this.store.begin(call);
  }

  /**
   * The same before a call that is made for no account, to find out whether a model can be reached.
   *
   * @param promptTokens an estimate of its prompt
   * @returns the call's id
   */
  beginProbe(model: string, promptTokens: number): Promise<string> {
    return this.store.beginProbe(model, promptTokens);
  }

  /**
   * Records what a call used, once; without effect when it was recorded before.
   *
   * @param used null: not known, so the estimate of its prompt counts
   */
  async settle(callId: string, used: UsedTokens | null): Promise<void> {
    const recorded = await this.store.settle(callId, used);
    if (recorded !== null) this.count(recorded);
  }

  /**
   * Records estimates of calls whose worker must have died.
   *
   * @param olderThanMs longer than any call takes
   * @returns whether there may be more
   */
  async settleStale(olderThanMs: number): Promise<boolean> {
    const recorded = await this.store.settleStale(olderThanMs);
    for (const call of recorded) this.count(call);
    return recorded.length === STALE_BATCH_SIZE;
  }

  /** The metrics are by plan, and a probe belongs to none. */
  private count({ model, plan, purpose, estimated, ...usage }: RecordedCall): void {
    if (purpose === 'probe') return;
    this.metrics.record({ model, plan, purpose, usage, estimated });
  }
}
