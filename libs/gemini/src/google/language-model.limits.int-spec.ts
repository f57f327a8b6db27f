import 'reflect-metadata';
import { LLMock } from '@copilotkit/aimock';
import { eventually } from '../../../../test/support/eventually.js';
import { type BehaviourOverrides, GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import { asking, geminiAt, hear, type Heard } from '../../../../test/support/model/heard.js';
import { GEMINI_SDKS, type GeminiConfig } from './gemini.config.js';

// What the port promises holds over each SDK: one suite for all.

let sandbox: GeminiSandbox;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => sandbox.reset());
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await sandbox.stop();
});

describe.each(GEMINI_SDKS)('Gemini over %s', (sdk) => {
  const modelAt = (url: string, settings: Partial<GeminiConfig> = {}) => geminiAt(url, sdk, settings);

  /** What a model says that behaves like this. */
  async function hearOf(behaviour: BehaviourOverrides, settings: Partial<GeminiConfig> = {}): Promise<Heard> {
    await sandbox.script(behaviour);
    return hear(modelAt(sandbox.url, settings));
  }

  describe('time', () => {
    /** Longer than a busy machine takes from one piece to the next. */
    const LONG_MS = 4_000;

    it('is limited before the first byte', async () => {
      const { error } = await hearOf({ type: 'hang' }, { GEMINI_FIRST_BYTE_TIMEOUT_MS: 100 });
      expect(error).toMatchObject({ failure: 'unavailable', message: 'No sign of the model within 100 ms' });
    });

    it('is limited between two pieces', async () => {
      const { text, error } = await hearOf(
        { type: 'hang_mid_stream', text: 'abcdefgh', chunkSize: 2 },
        { GEMINI_IDLE_TIMEOUT_MS: LONG_MS },
      );
      expect(text).toBe('abcd');
      expect(error).toMatchObject({ failure: 'unavailable', message: `No sign of the model within ${LONG_MS} ms` });
    });

    it('is limited for the whole call', async () => {
      const { text, error } = await hearOf(
        { type: 'answer', text: 'a'.repeat(10_000), chunkSize: 1, tokensPerSecond: 50 },
        { GEMINI_CALL_TIMEOUT_MS: LONG_MS },
      );
      expect(text).not.toBe('');
      expect(error).toMatchObject({ failure: 'unavailable', message: `The call was not over within ${LONG_MS} ms` });
    });

    it('for counting is limited', async () => {
      await sandbox.script({ type: 'hang' }, { method: 'countTokens' });
      const counted = modelAt(sandbox.url, { GEMINI_FIRST_BYTE_TIMEOUT_MS: 100 }).countTokens(
        asking(),
        new AbortController().signal,
      );
      await expect(counted).rejects.toMatchObject({ failure: 'unavailable' });
    });

    it('that the reader takes is not counted', async () => {
      await sandbox.script({ type: 'answer', text: 'abcdefgh', chunkSize: 2 });
      const stream = modelAt(sandbox.url, { GEMINI_IDLE_TIMEOUT_MS: LONG_MS }).stream(
        asking(),
        new AbortController().signal,
      );
      await stream.next();
      const resume = Date.now() + LONG_MS + 100;
      await eventually(() => Date.now() > resume);
      await expect(stream.next()).resolves.toMatchObject({ done: false, value: { text: 'cd' } });
      await stream.return(undefined as never);
    });
  });

  describe('giving up', () => {
    const expectClosedWithinASecond = async (): Promise<void> => {
      const closed = async () => (await sandbox.requests({ outcome: 'aborted' })).length === 1;
      await expect(eventually(closed, { withinMs: 1_000 })).resolves.toBe(true);
    };
    const endless: BehaviourOverrides = {
      type: 'answer',
      text: 'word '.repeat(2_000),
      chunkSize: 5,
      tokensPerSecond: 20,
    };

    it('mid-stream closes the connection, and brings the reason', async () => {
      await sandbox.script(endless);
      const stop = new AbortController();
      const heard = await hear(modelAt(sandbox.url), asking(), {
        signal: stop.signal,
        onPiece: () => stop.abort('cancelled'),
      });

      expect(heard.error).toBe('cancelled');
      expect(heard.text).toMatch(/^word /);
      expect(heard.usages.at(-1)).toMatchObject({ promptTokens: 2, replyTokens: Math.ceil(heard.text.length / 4) });
      await expectClosedWithinASecond();
    });

    it('before the first byte closes the connection, and brings the reason', async () => {
      await sandbox.script({ type: 'hang' });
      const stop = new AbortController();
      const hearing = hear(modelAt(sandbox.url), asking(), { signal: stop.signal });
      await eventually(async () => (await sandbox.requests({ outcome: 'open' })).length === 1);
      stop.abort('shutdown');

      expect((await hearing).error).toBe('shutdown');
      await expectClosedWithinASecond();
    });

    it('reading closes the connection', async () => {
      await sandbox.script(endless);
      for await (const piece of modelAt(sandbox.url).stream(asking(), new AbortController().signal)) {
        expect(piece.text).toBe('word ');
        break;
      }
      await expectClosedWithinASecond();
    });

    it('beforehand asks nothing', async () => {
      const heard = await hear(modelAt(sandbox.url), asking(), { signal: AbortSignal.abort('too late') });
      expect(heard.error).toBe('too late');
      expect(await sandbox.requests({ method: 'any' })).toEqual([]);
    });
  });

  describe('the check', () => {
    const check = (settings: Partial<GeminiConfig> = {}, model = 'gemini-flash-latest'): Promise<void> =>
      modelAt(sandbox.url, settings).check(model, new AbortController().signal);

    it('passes with a key and a model that exist', async () => {
      await expect(check()).resolves.toBeUndefined();
    });

    it('says that the model is wrong', async () => {
      await expect(check({}, 'gemini-1.5-flash')).rejects.toMatchObject({
        failure: 'unknown_model',
        message:
          'HTTP 404: no such model, or no such call at this address. See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.',
      });
    });

    it.each([
      ['402', 'HTTP 402: the project of the API key has to be paid for.'],
      [
        'precondition',
        'HTTP 400: the project of the API key may not use the API, because of its region or its billing.',
      ],
    ] as const)('says on %s what is wrong', async (type, message) => {
      await sandbox.script({ type }, { method: 'any' });
      await expect(check()).rejects.toMatchObject({
        failure: 'misconfigured',
        message: `${message} See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.`,
      });
    });

    it('says that the key is wrong, and not what it is', async () => {
      await sandbox.script({ type: 'invalid_key' }, { apiKey: 'a-wrong-key', method: 'any' });
      await expect(check({ GEMINI_API_KEY: 'a-wrong-key' })).rejects.toMatchObject({
        failure: 'misconfigured',
        message:
          'HTTP 400 API_KEY_INVALID: the API key is not accepted. See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.',
      });
    });
  });

  describe('another server that speaks the wire format', () => {
    let mock: LLMock;
    beforeAll(async () => {
      mock = new LLMock({ port: 0, chunkSize: 5 });
      mock.on({ userMessage: 'Hello' }, { content: 'Hello from elsewhere 👋🏽!' });
      mock.on({ userMessage: 'Fail' }, { error: { message: 'Busy', type: 'UNAVAILABLE' }, status: 503 });
      await mock.start();
    });
    afterAll(() => mock.stop());

    it('answers', async () => {
      const heard = await hear(modelAt(mock.url));
      expect(heard).toMatchObject({ text: 'Hello from elsewhere 👋🏽!', end: { finishReason: 'STOP' } });
      expect(heard.pieces.length).toBeGreaterThan(3);
    });

    it('fails', async () => {
      expect((await hear(modelAt(mock.url), asking({ prompt: 'Fail' }))).error).toMatchObject({
        failure: 'unavailable',
      });
    });
  });

  it('left no rejection behind that would have ended the process', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});
