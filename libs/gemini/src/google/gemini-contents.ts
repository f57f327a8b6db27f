import type { ModelFile, ModelRequest, ModelTurn } from '../model/language-model.port.js';
import type { InlineFiles } from './inline-files.js';

/** How Gemini is to answer (ai.google.dev/api/generate-content#generationconfig), as far as it is told. */
export interface GenerationConfig {
  maxOutputTokens: number;
  temperature?: number;
  thinkingConfig?: { thinkingLevel?: 'LOW' | 'HIGH'; thinkingBudget?: number; includeThoughts?: true };
}

/** Models of this generation know a number of tokens, and no levels (ai.google.dev/gemini-api/docs/thinking). */
const WITH_BUDGET = /^gemini-2\.5-/;

/** What they take at least or at most, whichever of them it is. */
const BUDGETS = { low: 1_024, high: 24_576 };

/** The settings of a request, in Gemini's words. */
export function generationConfigOf(request: ModelRequest): GenerationConfig {
  const { model, maxOutputTokens, thinking, temperature, showThoughts } = request;
  const thinkingConfig = {
    ...(thinking === null ? {} : howMuch(model, thinking)),
    // Models that don't think refuse the whole group, so where nothing is asked for it is left out.
    ...(showThoughts ? { includeThoughts: true as const } : {}),
  };
  return {
    maxOutputTokens,
    ...(temperature === null ? {} : { temperature }),
    ...(Object.keys(thinkingConfig).length === 0 ? {} : { thinkingConfig }),
  };
}

const howMuch = (model: string, thinking: 'low' | 'high') =>
  WITH_BUDGET.test(model)
    ? { thinkingBudget: BUDGETS[thinking] }
    : { thinkingLevel: thinking === 'low' ? ('LOW' as const) : ('HIGH' as const) };

/** What the model may use besides what it knows (ai.google.dev/gemini-api/docs/google-search); empty: nothing. */
export const toolsOf = ({ search }: ModelRequest): { tools?: { googleSearch: object }[] } =>
  search ? { tools: [{ googleSearch: {} }] } : {};

/** What one side said in a row (ai.google.dev/api/caching#Content). */
export interface Content {
  role: ModelTurn['role'];
  parts: Part[];
}

/** A text, or a file in base64 (ai.google.dev/api/caching#Part). */
type Part = { text: string } | { inlineData: { mimeType: string; data: string } };

/**
 * The conversation as Gemini wants it: its roles alternate, so what the user said in a row is one content of several parts.
 * Files stand before the text that is about them. Half of a surrogate pair would be a 400.
 *
 * @param inline gives the marks that stand for the files' bytes
 */
export function contentsOf({ history, prompt, files }: ModelRequest, inline: InlineFiles): Content[] {
  const contents: Content[] = [];
  for (const turn of [...history, { role: 'user', text: prompt, files } satisfies ModelTurn]) {
    const parts = partsOf(turn, inline);
    const last = contents.at(-1);
    if (last?.role === turn.role) last.parts.push(...parts);
    else contents.push({ role: turn.role, parts });
  }
  return contents;
}

/** An empty text is left out where there are files; a content of no part at all would be a 400. */
function partsOf({ text, files = [] }: ModelTurn, inline: InlineFiles): Part[] {
  const dataOf = (file: ModelFile) => ({ mimeType: file.mediaType, data: inline.markOf(file) });
  const shown = files.map((file): Part => ({ inlineData: dataOf(file) }));
  return text === '' && shown.length > 0 ? shown : [...shown, { text: text.toWellFormed() }];
}
