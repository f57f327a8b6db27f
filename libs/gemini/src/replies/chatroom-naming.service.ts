import { ChatroomTitleStore } from '@app/chatroom';
import { Injectable, Logger } from '@nestjs/common';
import { LanguageModel } from '../model/language-model.port.js';
import type { ClaimedReply } from './reply.store.js';

const TIMEOUT_MS = 15_000;
const MAX_TITLE_LENGTH = 60;
const EXCERPT_LENGTH = 1_000;

/** The instruction under which the model names a conversation. */
const INSTRUCTION = 'Name this conversation in at most six words, in its own language. Answer with the name alone.';

/** Names rooms that were created without a title, from their first exchange. Costs no quota and may fail without harm. */
@Injectable()
export class ChatroomNamingService {
  private readonly logger = new Logger(ChatroomNamingService.name);

  constructor(
    private readonly model: LanguageModel,
    private readonly titles: ChatroomTitleStore,
  ) {}

  /** Names the room in the background. Should the model give no name, the question's first words serve. */
  name(reply: ClaimedReply, answer: string): void {
    this.ask(reply.prompt, answer)
      .catch(() => '')
      .then((title) => this.titles.setFirst(reply.chatroomId, tidyTitle(title) || tidyTitle(reply.prompt)))
      .catch((error: unknown) => this.logger.warn(`A room could not be named: ${(error as Error).message}`));
  }

  private async ask(question: string, answer: string): Promise<string> {
    const prompt = `User: ${question.slice(0, EXCERPT_LENGTH)}\n\nAssistant: ${answer.slice(0, EXCERPT_LENGTH)}`;
    const request = { model: null, systemInstruction: INSTRUCTION, history: [], prompt };
    let title = '';
    for await (const text of this.model.stream(request, AbortSignal.timeout(TIMEOUT_MS))) {
      title += text;
      if (title.length > EXCERPT_LENGTH) break;
    }
    return title;
  }
}

/** One line without quotes or markup, cut at a word. */
export function tidyTitle(text: string): string {
  const line = text
    .trim()
    .split('\n', 1)
    .join('')
    .replace(/^["'“”*#\s]+|["'“”*\s.]+$/g, '')
    .replace(/\s+/g, ' ');
  if (line.length <= MAX_TITLE_LENGTH) return line;
  return `${line
    .slice(0, MAX_TITLE_LENGTH)
    .replace(/\s+\S*$/, '')
    .toWellFormed()}…`;
}
