import type { ModelPiece, ModelUsage } from './language-model.port.js';

/** See {@link estimateTokens}. */
export const BYTES_PER_TOKEN = 3;

/**
 * A coarse upper estimate: tokens are about four Latin characters long, while scripts that take three bytes a character
 * in UTF-8 come near one token each.
 */
export const estimateTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

const NOTHING: ModelUsage = { promptTokens: 0, cachedTokens: 0, thoughtTokens: 0, replyTokens: 0, searches: 0 };

/** What one model call has used, at every moment of it: also when it is stopped or fails. */
export class ModelCallUsage {
  private text = '';
  private thoughts = '';
  private wasRefused = false;
  /** As the vendor told it last; null: it has not yet. */
  told: ModelUsage | null = null;

  /**
   * @param model the name that is asked for
   * @param promptEstimate the size of the request in tokens, by {@link estimateTokens}, with its files
   */
  constructor(
    readonly model: string,
    readonly promptEstimate: number,
  ) {}

  /** Takes what the model sent. */
  take({ text, thought, usage }: ModelPiece): void {
    this.text += text;
    this.thoughts += thought;
    this.told = usage ?? this.told;
  }

  /** The vendor refused the call: nothing was used. */
  refused(): void {
    this.wasRefused = true;
  }

  /** Whether {@link tokens} is an estimate, since the vendor told nothing. */
  get isEstimate(): boolean {
    return this.told === null && !this.wasRefused;
  }

  /** What the vendor told; else the estimated request and what arrived of thoughts and answer. */
  get tokens(): ModelUsage {
    if (this.told !== null) return this.told;
    if (this.wasRefused) return NOTHING;
    const { promptEstimate: promptTokens, text, thoughts } = this;
    return {
      ...{ promptTokens, cachedTokens: 0 },
      ...{ thoughtTokens: estimateTokens(thoughts), replyTokens: estimateTokens(text) },
      searches: 0,
    };
  }
}
