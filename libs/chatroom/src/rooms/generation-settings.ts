/** How much a model can be told to think before it answers. */
export const THINKING = ['low', 'high'] as const;
export type Thinking = (typeof THINKING)[number];

/** How the model answers in a room. */
export interface GenerationSettings {
  /** Null: as the model does by itself. */
  thinking: Thinking | null;
  /** Null: the model's own. */
  temperature: number | null;
  /** The longest reply in tokens, with what is thought before it; the plan's limit holds as well. Null: that one alone. */
  maxOutputTokens: number | null;
  /** Whether replies keep what the model tells of its thoughts. */
  showThoughts: boolean;
  /** Whether the model may search the web. */
  search: boolean;
}

/** The columns of {@link GenerationSettings} of `chatroom`. */
export const GENERATION_COLUMNS = `chatroom.thinking, chatroom.temperature, chatroom.max_output_tokens AS "maxOutputTokens",
  chatroom.show_thoughts AS "showThoughts", chatroom.search`;
