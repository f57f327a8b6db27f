import type { ModelRequest, ModelTurn } from '../model/language-model.port.js';

/** How Gemini is to answer (ai.google.dev/api/generate-content#generationconfig), as far as it is told. */
export interface GenerationConfig {
  maxOutputTokens: number;
  temperature?: number;
  thinkingConfig?: { thinkingLevel: 'LOW' | 'HIGH' } | { thinkingBudget: number };
}

/** Models of this generation know a number of tokens, and no levels (ai.google.dev/gemini-api/docs/thinking). */
const WITH_BUDGET = /^gemini-2\.5-/;

/** What they take at least or at most, whichever of them it is. */
const BUDGETS = { low: 1_024, high: 24_576 };

/** The settings of a request, in Gemini's words. */
export function generationConfigOf({ model, maxOutputTokens, thinking, temperature }: ModelRequest): GenerationConfig {
  return {
    maxOutputTokens,
    ...(temperature === null ? {} : { temperature }),
    ...(thinking === null ? {} : { thinkingConfig: thinkingConfigOf(model, thinking) }),
  };
}

const thinkingConfigOf = (model: string, thinking: 'low' | 'high') =>
  WITH_BUDGET.test(model)
    ? { thinkingBudget: BUDGETS[thinking] }
    : { thinkingLevel: thinking === 'low' ? ('LOW' as const) : ('HIGH' as const) };

/** What one side said in a row (ai.google.dev/api/caching#Content). */
export interface Content {
  role: ModelTurn['role'];
  parts: { text: string }[];
}

/**
 * The conversation as Gemini wants it: its roles alternate, so what the user said in a row is one content of several parts.
 * Half of a surrogate pair would be a 400.
 */
export function contentsOf({ history, prompt }: ModelRequest): Content[] {
  const contents: Content[] = [];
  for (const { role, text } of [...history, { role: 'user', text: prompt } satisfies ModelTurn]) {
    const part = { text: text.toWellFormed() };
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(part);
    else contents.push({ role, parts: [part] });
  }
  return contents;
}
