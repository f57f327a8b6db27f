import type { FinalReply } from '@app/gemini/testing';

/** How an ordinary reply ends. */
export const ANSWER: FinalReply = {
  status: 'completed',
  content: 'An answer.',
  model: 'gemini-test',
  finishReason: 'STOP',
  usage: null,
  error: null,
};
