import type { ReplyLogWriter } from '@app/chatroom';
import type { CrashPointService } from '@app/platform';
import type { LanguageModel } from '../model/language-model.port.js';
import type { ModelAvailabilityService } from '../model/model-availability.service.js';
import type { ModelMetrics } from '../model/model.metrics.js';
import type { HistoryService } from '../claims/history.service.js';
import type { ShownFilesService } from '../claims/shown-files.service.js';
import { LeasedReply } from './leased-reply.js';
import { ReplyAttemptService } from './reply-attempt.service.js';
import type { ReplyMetrics } from './reply.metrics.js';
import type { ReplyStore } from './reply.store.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';

describe('an attempt that is stopped before the model is called', () => {
  it('has no call to count', async () => {
    const asked = { systemInstruction: null, prompt: 'Hi', promptFiles: null, plan: { maxOutputTokens: 10 } };
    const claim = { ...asked, deadlineInMs: 60_000, cancelRequested: false } as ClaimedReply;
    const reply = new LeasedReply(claim, {} as ReplyLogWriter);
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
    const attempts = new ReplyAttemptService(
      history,
      {} as ShownFilesService,
      {} as ReplyStore,
      model,
      {} as ModelAvailabilityService,
      { attemptStarted: () => () => undefined } as unknown as ReplyMetrics,
      {} as ModelMetrics,
      { at: () => undefined } as unknown as CrashPointService,
    );
    expect(await attempts.run(reply)).toMatchObject({ type: 'final', final: { status: 'cancelled' } });
    expect(reply.call).toBeNull();
    reply.endDeadline();
  });
});
