import type { MessageFile } from '@app/chatroom';
import { Injectable, Logger } from '@nestjs/common';
import { tracedCount } from '../model/gen-ai.span.js';
import { LanguageModel, ModelError, type ModelFile, UnreadableFileError } from '../model/language-model.port.js';
import { MediaTokensStore } from './media-tokens.store.js';
import type { ClaimedReply } from './reply-claim-sql.js';
import { ShownFilesService } from './shown-files.service.js';

/** How many files one attempt has the model count. Further ones are estimated, and counted by later attempts. */
const MAX_COUNTED = 20;

/** Stands for the count of a file that the model doesn't take, such as a PDF with a password: it is left out of what is said before a question. */
const REFUSED = -1;

/** What else a request has that is only counted. */
const NOTHING_ELSE = {
  ...{ systemInstruction: null, history: [], prompt: '', maxOutputTokens: 1 },
  ...{ thinking: null, temperature: null, showThoughts: false, search: false },
};

/** Whose files are measured, and for which model. */
export type MeasuringReply = Pick<ClaimedReply, 'userId' | 'model' | 'failures'>;

/** Measures files by the model's own count, once for each file and model. */
@Injectable()
export class MediaTokensService {
  private readonly logger = new Logger(MediaTokensService.name);

  constructor(
    private readonly store: MediaTokensStore,
    private readonly shown: ShownFilesService,
    private readonly model: LanguageModel,
  ) {}

  /**
   * Measures files one after the other, as they are asked for. Once the model hasn't counted one, the others are estimated: nothing waits
   * for a count that isn't given.
   *
   * @param files that may be asked for: one statement reads what is known of them
   * @returns what measures one; null for a file that the model refuses, or that could not be read, by an earlier attempt neither
   */
  async measuring(
    reply: MeasuringReply,
    files: MessageFile[],
    signal: AbortSignal,
  ): Promise<(file: MessageFile) => Promise<ModelFile | null>> {
    const ids = [...new Set(files.map(({ id }) => id))];
    const known = await this.store.read(reply.userId, ids, reply.model);
    let left = MAX_COUNTED;
    return async (file) => {
      let tokens = known.get(file.id);
      if (tokens === undefined && left-- > 0) {
        const counted = await this.count(reply, file, signal);
        if (counted === 'unreadable' && reply.failures > 0) return null;
        if (typeof counted === 'number') known.set(file.id, (tokens = counted));
        else left = 0;
      }
      return tokens === REFUSED ? null : this.shown.toModelFile(file, tokens);
    };
  }

  /** Has the model count a file, and remembers what it says: {@link REFUSED} where it doesn't take the file. */
  private async count(
    { userId, model }: MeasuringReply,
    file: MessageFile,
    signal: AbortSignal,
  ): Promise<number | 'unreadable' | 'not_counted'> {
    try {
      const request = { ...NOTHING_ELSE, model, files: [this.shown.toModelFile(file)] };
      const tokens = await tracedCount(this.model, request, signal);
      await this.store.remember(userId, file.id, model, tokens);
      return tokens;
    } catch (error) {
      signal.throwIfAborted();
      this.logger.warn(`A file could not be counted: ${(error as Error).message}`, (error as Error).cause);
      if (error instanceof UnreadableFileError) return 'unreadable';
      if (!(error instanceof ModelError) || error.failure !== 'rejected') return 'not_counted';
      await this.store.remember(userId, file.id, model, REFUSED);
      return REFUSED;
    }
  }
}
