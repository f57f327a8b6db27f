import { Readable } from 'node:stream';
import type { ReplyLogWriter } from '@app/chatroom';
import type { CrashPointService } from '@app/platform';
import { Logger } from '@nestjs/common';
import { type LanguageModel, UnreadableFileError } from '../model/language-model.port.js';
import type { ModelAvailabilityService } from '../model/model-availability.service.js';
import type { ModelMetrics } from '../model/model.metrics.js';
import type { HistoryService } from '../claims/history.service.js';
import type { ShownFilesService } from '../claims/shown-files.service.js';
import { LeasedReply } from './leased-reply.js';
import { ReplyAttemptService } from './reply-attempt.service.js';
import type { ReplyMetrics } from './reply.metrics.js';
import type { ReplyStore } from './reply.store.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';

const CLAIM = {
  ...{ systemInstruction: null, prompt: 'Hi', promptFiles: null, plan: { maxOutputTokens: 10 } },
  ...{ deadlineInMs: 60_000, cancelRequested: false, failures: 1 },
} as ClaimedReply;

const attemptsWith = (history: HistoryService, store: ReplyStore, model: LanguageModel) =>
  new ReplyAttemptService(
    history,
    {} as ShownFilesService,
    store,
    model,
    {} as ModelAvailabilityService,
    { attemptStarted: () => () => undefined } as unknown as ReplyMetrics,
    {} as ModelMetrics,
    { at: () => undefined } as unknown as CrashPointService,
  );

beforeAll(() => Logger.overrideLogger(false));

describe('an attempt that is stopped before the model is called', () => {
  it('has no call to count', async () => {
    const reply = new LeasedReply({ ...CLAIM }, {} as ReplyLogWriter);
    const history = {
      before: () => {
        reply.stop('cancelled');
        return Promise.resolve([]);
      },
    } as unknown as HistoryService;
    const model = {
      stream: () => {
        throw new Error('The model is called');
      },
    } as unknown as LanguageModel;
    const attempts = attemptsWith(history, {} as ReplyStore, model);
    expect(await attempts.run(reply)).toMatchObject({ type: 'final', final: { status: 'cancelled' } });
    expect(reply.call).toBeNull();
    reply.endDeadline();
  });

  it('has none either where a file of earlier questions could not be read, so that the model got no whole request', async () => {
    const reply = new LeasedReply({ ...CLAIM }, {} as ReplyLogWriter);
    const file = { mediaType: 'image/png', bytes: 10, tokens: 258, open: () => Readable.from([]) };
    const history = {
      before: () => Promise.resolve([{ role: 'user', text: 'Look', files: [file] }]),
    } as unknown as HistoryService;
    let noted = 0;
    const store = {
      beginCall: () => {
        // Before the second call, without the file.
        if (++noted === 2) reply.stop('cancelled');
        return Promise.resolve(true);
      },
    } as unknown as ReplyStore;
    const model = {
      stream: () => {
        throw new UnreadableFileError(file);
      },
    } as unknown as LanguageModel;
    const outcome = await attemptsWith(history, store, model).run(reply);
    expect([noted, outcome]).toMatchObject([2, { type: 'final', final: { status: 'cancelled' } }]);
    expect(reply.call).toBeNull();
    reply.endDeadline();
  });
});
