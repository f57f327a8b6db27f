import { MAX_BYTES_OF_FILES, type MessageFile, type PastTurn, PastTurnStore } from '@app/chatroom';
import { Injectable, Logger } from '@nestjs/common';
import { tracedCount } from '../model/gen-ai.span.js';
import { estimateTokens } from '../model/model-call-usage.js';
import { LanguageModel, type ModelFile, type ModelRequest, type ModelTurn } from '../model/language-model.port.js';
import { MediaTokensService } from './media-tokens.service.js';
import type { ClaimedReply } from './reply-claim-sql.js';
import { NOT_SHOWN, ShownFilesService, withoutFiles } from './shown-files.service.js';

/** Between these parts of the budget the local estimate is too coarse to decide, and the model is asked to count. */
const NEAR_LIMIT = { from: 0.75, to: 1.5 };

/** How often a request that turned out too long is cut and counted again. */
const MAX_COUNTS = 3;

/** How many files of earlier questions are looked at. */
const MAX_FILES = 300;

/** A past exchange with the files that the model may be shown. */
type TurnWith<File> = Pick<PastTurn, 'question' | 'answer'> & { files: File[] };

type Asked = Omit<ModelRequest, 'history'>;

/** The text of an exchange in tokens, by estimate. */
const size = ({ question, answer }: Pick<PastTurn, 'question' | 'answer'>): number =>
  estimateTokens(question) + (answer === null ? 0 : estimateTokens(answer));

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);
const textOf = (turns: TurnWith<unknown>[]): number => sum(turns.map(size));
const bytesOf = (files: { bytes: number }[]): number => sum(files.map(({ bytes }) => bytes));
const mediaOf = (turns: TurnWith<ModelFile>[]): number => sum(turns.map(mediaOfTurn));
const mediaOfTurn = ({ files }: TurnWith<ModelFile>): number => sum(files.map(({ tokens }) => tokens));

/** Turns as the model takes them. */
const utterances = (turns: TurnWith<ModelFile>[]): ModelTurn[] =>
  turns.flatMap(({ question, files, answer }): ModelTurn[] => [
    files.length === 0 ? withoutFiles({ role: 'user', text: question }) : { role: 'user', text: question, files },
    ...(answer === null ? [] : [{ role: 'model' as const, text: answer }]),
  ]);

/** Chooses what of a room's conversation the model is shown. */
@Injectable()
export class HistoryService {
  private readonly logger = new Logger(HistoryService.name);

  constructor(
    private readonly past: PastTurnStore,
    private readonly model: LanguageModel,
    private readonly shown: ShownFilesService,
    private readonly media: MediaTokensService,
  ) {}

  /**
   * The newest whole turns before the question that fit the `historyTokens` of the plan, files included, oldest first. The question
   * itself always goes out whole, with its files, and these take nothing of the budget.
   */
  async before(reply: ClaimedReply, request: Asked, signal: AbortSignal): Promise<ModelTurn[]> {
    const budget = reply.plan.historyTokens;
    const turns = await this.measured(reply, await this.candidates(reply, request), signal);
    const isFar = textOf(turns) < (budget - mediaOf(turns)) * NEAR_LIMIT.from;
    return utterances(isFar ? turns : await this.cut(turns, budget, request, signal));
  }

  /** Newest turns as far as their texts may fit the budget, and their files a request. */
  private async candidates(reply: ClaimedReply, request: Asked): Promise<TurnWith<MessageFile>[]> {
    const turns: TurnWith<MessageFile>[] = [];
    let left = {
      text: reply.plan.historyTokens * NEAR_LIMIT.to,
      bytes: MAX_BYTES_OF_FILES - bytesOf(request.files),
      files: MAX_FILES,
    };
    for await (const turn of this.past.turns(reply.chatroomId, reply.newestTurns)) {
      const files = this.shown.ofHistory(reply.model, turn.files);
      left = { text: left.text - size(turn), bytes: left.bytes - bytesOf(files), files: left.files - files.length };
      if (left.text < 0 || (files.length > 0 && (left.bytes < 0 || left.files < 0))) break;
      turns.unshift({ ...turn, files });
    }
    return turns;
  }

  /** Measures the files of turns from the newest one on, as far as they may fit: what stands before the first that doesn't is dropped. */
  private async measured(
    reply: ClaimedReply,
    turns: TurnWith<MessageFile>[],
    signal: AbortSignal,
  ): Promise<TurnWith<ModelFile>[]> {
    const all = turns.flatMap(({ files }) => files);
    if (all.length === 0) return turns as TurnWith<never>[];
    const measure = await this.media.measuring(reply, all, signal);
    const kept: TurnWith<ModelFile>[] = [];
    let text = 0;
    let media = 0;
    const isTooMuch = () => text > (reply.plan.historyTokens - media) * NEAR_LIMIT.to;
    for (const turn of turns.toReversed()) {
      text += size(turn);
      const files: ModelFile[] = [];
      for (const file of turn.files) {
        const measured = isTooMuch() ? null : await measure(file);
        if (measured === null) continue;
        media += measured.tokens;
        files.push(measured);
      }
      if (isTooMuch()) break;
      kept.unshift({ ...turn, files });
    }
    return kept;
  }

  /**
   * Drops turns from the oldest end until the model's own count fits; where it can't be asked, the estimate decides. It counts the texts,
   * to which the files, which it has counted before, are added: so they are not sent for this.
   */
  private async cut(
    turns: TurnWith<ModelFile>[],
    budget: number,
    request: Asked,
    signal: AbortSignal,
  ): Promise<TurnWith<ModelFile>[]> {
    let kept = turns;
    for (let count = 0; count < MAX_COUNTS && kept.length > 0; count++) {
      const tokens = await this.count(kept, request, signal);
      if (tokens === null) break;
      if (tokens + mediaOf(kept) <= budget) return kept;
      kept = newestWithin(kept, budget, tokens / Math.max(1, textOf(kept)));
    }
    return newestWithin(kept, budget);
  }

  private async count(turns: TurnWith<ModelFile>[], request: Asked, signal: AbortSignal): Promise<number | null> {
    const prompt = request.prompt === '' ? NOT_SHOWN : request.prompt;
    const history = utterances(turns).map(withoutFiles);
    try {
      return await tracedCount(this.model, { ...request, prompt, files: [], history }, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.logger.warn(`Tokens could not be counted, the estimate decides: ${(error as Error).message}`);
      return null;
    }
  }
}

/**
 * The newest turns that together stay within the budget.
 *
 * @param ratio of what texts really are to their estimates
 */
export function newestWithin<Turn extends TurnWith<ModelFile>>(turns: Turn[], budget: number, ratio = 1): Turn[] {
  let left = budget;
  let first = turns.length;
  while (first > 0) {
    const turn = turns[first - 1]!;
    const taken = size(turn) * ratio + mediaOfTurn(turn);
    if (taken > left) break;
    left -= taken;
    first--;
  }
  return turns.slice(first);
}
