import type { Message } from '@gemini-chat/client';

/** What a reply's error means to the person who asked. What isn't here is said in the API's own words. */
const TEXTS: Record<string, string> = {
  model_unavailable: 'The model could not be reached, or broke off each time. Your message was refunded; try again.',
  model_rate_limited: 'The model was overloaded for too long. Your message was refunded; try again in a while.',
  model_rejected_request: 'The model did not accept this request.',
  model_misconfigured: 'The service is not set up correctly. Its operator knows, and your message was refunded.',
  model_not_available: 'The model of this room can’t be used. Choose another in the room’s settings.',
  prompt_blocked: 'The model’s safety rules refused the message.',
  reply_blocked: 'The model’s safety rules stopped the answer here.',
  reply_truncated: 'The answer reached its greatest length here. Ask the model to go on.',
  reply_empty: 'The model gave no text.',
  timed_out: 'The answer took too long.',
};

/** Why a reply is not complete, in words; null: nothing went wrong. */
export const replyErrorText = ({ error }: Message): string | null =>
  error === null ? null : (TEXTS[error.code] ?? error.detail);
