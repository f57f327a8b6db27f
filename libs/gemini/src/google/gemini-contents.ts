import type { ModelRequest, ModelTurn } from '../model/language-model.port.js';

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
