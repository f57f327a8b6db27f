/** How the model answers where neither a rule nor the prompt says. */
export abstract class GeminiSandboxConfig {
  /**
   * Pieces of text per second of an answer; 0: all at once. Above 0 someone reads along, so the default answer is a longer text
   * in Markdown, too.
   */
  abstract readonly tokensPerSecond: number;
}

/**
 * Reads `SANDBOX_GEMINI_TOKENS_PER_SECOND`; a blank one counts as absent.
 *
 * @throws Error that names the variable, never its value
 */
export function readGeminiSandboxConfig(env: NodeJS.ProcessEnv): GeminiSandboxConfig {
  const tokensPerSecond = Number(env.SANDBOX_GEMINI_TOKENS_PER_SECOND || 0);
  if (!Number.isFinite(tokensPerSecond) || tokensPerSecond < 0) {
    throw new Error('SANDBOX_GEMINI_TOKENS_PER_SECOND must be a number, 0 or above');
  }
  return { tokensPerSecond };
}
