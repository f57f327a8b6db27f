import { type PastTurn, PastTurnStore } from '@app/chatroom';
import { Injectable, Logger } from '@nestjs/common';
import { tracedCount } from '../model/gen-ai.span.js';
import { estimateTokens } from '../model/model-call-usage.js';
import { LanguageModel, type ModelRequest, type ModelTurn } from '../model/language-model.port.js';
import type { ClaimedReply } from './reply-claim-sql.js';

/** Between these parts of the budget the local estimate is too coarse to decide, and the model is asked to count. */
const NEAR_LIMIT = { from: 0.75, to: 1.5 };

/** How often a request that turned out too long is cut and counted again. */
const MAX_COUNTS = 3;

const size = ({ question, answer }: PastTurn): number =>
  estimateTokens(question) + (answer === null ? 0 : estimateTokens(answer));

/** Turns as the model takes them. */
const utterances = (turns: PastTurn[]): ModelTurn[] =>
  turns.flatMap(({ question, answer }): ModelTurn[] => [
    { role: 'user', text: question },
    ...(answer === null ? [] : [{ role: 'model' as const, text: answer }]),
  ]);

/** Chooses what of a room's conversation the model is shown. */
@Injectable()
export class HistoryService {
  private readonly logger = new Logger(HistoryService.name);

  constructor(
    private readonly past: PastTurnStore,
    private readonly model: LanguageModel,
  ) {}

  /**
   * The newest whole turns before the question that fit the `historyTokens` of the plan, oldest first. The question itself always
   * goes out whole.
   */
  async before(reply: ClaimedReply, request: Omit<ModelRequest, 'history'>, signal: AbortSignal): Promise<ModelTurn[]> {
    const budget = reply.plan.historyTokens;
    const turns: PastTurn[] = [];
    let estimate = 0;
    for await (const turn of this.past.turns(reply.chatroomId, reply.newestTurns)) {
      if (estimate + size(turn) > budget * NEAR_LIMIT.to) break;
      estimate += size(turn);
      turns.unshift(turn);
    }
    const fitting = estimate < budget * NEAR_LIMIT.from ? turns : await this.cut(turns, budget, request, signal);
    return utterances(fitting);
  }

  /** Drops turns from the oldest end until the model's own count fits; where it can't be asked, the estimate decides. */
  private async cut(
    turns: PastTurn[],
    budget: number,
    request: Omit<ModelRequest, 'history'>,
    signal: AbortSignal,
  ): Promise<PastTurn[]> {
    let kept = turns;
    for (let count = 0; count < MAX_COUNTS && kept.length > 0; count++) {
      const tokens = await this.count(kept, request, signal);
      if (tokens === null) break;
      if (tokens <= budget) return kept;
      kept = newestWithin(kept, (kept.reduce((sum, turn) => sum + size(turn), 0) * budget) / tokens);
    }
    return newestWithin(kept, budget);
  }

  private async count(
    turns: PastTurn[],
    request: Omit<ModelRequest, 'history'>,
    signal: AbortSignal,
  ): Promise<number | null> {
    try {
      return await tracedCount(this.model, { ...request, history: utterances(turns) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.logger.warn(`Tokens could not be counted, the estimate decides: ${(error as Error).message}`);
      return null;
    }
  }
}

/** The newest turns whose estimates together stay within the budget. */
export function newestWithin(turns: PastTurn[], budget: number): PastTurn[] {
  let left = budget;
  let first = turns.length;
  while (first > 0) {
    const turn = turns[first - 1];
    if (turn === undefined || size(turn) > left) break;
    left -= size(turn);
    first--;
  }
  return turns.slice(first);
}
