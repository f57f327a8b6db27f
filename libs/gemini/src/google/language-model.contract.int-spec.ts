import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BehaviourOverrides, GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import { asking, geminiAt, hear, type Heard } from '../../../../test/support/model/heard.js';
import type { ModelError, ModelOutcome } from '../model/language-model.port.js';
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

  describe('a question', () => {
    it('reaches the model with its history and instruction, and the answer comes in pieces', async () => {
      const heard = await hear(
        modelAt(sandbox.url),
        asking({
          systemInstruction: 'Be brief.',
          history: [
            { role: 'user', text: 'Hello' },
            { role: 'model', text: 'Hi!' },
          ],
          prompt: 'And now?',
        }),
      );

      expect(heard.text).toBe('Turn 2. You said: "And now?". I was told: "Be brief."');
      expect(heard.pieces.length).toBeGreaterThan(3);
      expect(heard.pieces).not.toContain('');
      expect(heard.end).toEqual({
        outcome: 'complete',
        finishReason: 'STOP',
        modelVersion: 'gemini-flash-latest-sandbox',
        usage: { promptTokens: 7, cachedTokens: 0, thoughtTokens: 0, replyTokens: 14, searches: 0 },
        grounding: null,
      });
      const [request] = await sandbox.requests();
      expect(request).toMatchObject({
        method: 'streamGenerateContent',
        apiKey: 'the-key',
        systemInstruction: 'Be brief.',
        contents: [
          { role: 'user', parts: [{ text: 'Hello' }] },
          { role: 'model', parts: [{ text: 'Hi!' }] },
          { role: 'user', parts: [{ text: 'And now?' }] },
        ],
        generationConfig: { maxOutputTokens: 1_000 },
      });
    });

    it('reaches the model with roles that alternate, whatever was not answered', async () => {
      await hear(
        modelAt(sandbox.url),
        asking({
          history: [
            { role: 'user', text: 'One' },
            { role: 'user', text: 'Two' },
            { role: 'model', text: 'Yes' },
            { role: 'user', text: 'Three' },
          ],
          prompt: 'Four',
        }),
      );
      const [request] = await sandbox.requests();
      expect(request?.contents).toEqual([
        { role: 'user', parts: [{ text: 'One' }, { text: 'Two' }] },
        { role: 'model', parts: [{ text: 'Yes' }] },
        { role: 'user', parts: [{ text: 'Three' }, { text: 'Four' }] },
      ]);
    });

    it.each([
      ['gemini-flash-latest', 'low', { thinkingLevel: 'LOW' }],
      ['gemini-3-pro-preview', 'high', { thinkingLevel: 'HIGH' }],
      ['gemini-2.5-flash', 'low', { thinkingBudget: 1_024 }],
      ['gemini-2.5-pro', 'high', { thinkingBudget: 24_576 }],
    ] as const)(
      'reaches %s with its temperature, and with %s thinking in its words',
      async (model, thinking, thinkingConfig) => {
        await hear(modelAt(sandbox.url), asking({ model, thinking, temperature: 0 }));
        const [request] = await sandbox.requests();
        expect(request?.generationConfig).toEqual({ maxOutputTokens: 1_000, temperature: 0, thinkingConfig });
      },
    );

    it('never reaches the model with half a character', async () => {
      const half = '\ud83d!';
      const { end } = await hear(
        modelAt(sandbox.url),
        asking({ systemInstruction: half, history: [{ role: 'user', text: half }], prompt: half }),
      );
      expect(end?.outcome).toBe('complete');
      const [request] = await sandbox.requests();
      expect(request).toMatchObject({ prompt: '\ufffd!', systemInstruction: '\ufffd!' });
    });

    it('is counted in tokens', async () => {
      const tokens = modelAt(sandbox.url).countTokens(asking({ prompt: '12345678' }), new AbortController().signal);
      await expect(tokens).resolves.toBe(2);
    });

    it('needs no key where a stand-in answers', async () => {
      const heard = await hear(modelAt(sandbox.url, { GEMINI_API_KEY: undefined }));
      expect(heard.end?.finishReason).toBe('STOP');
    });
  });

  describe('an answer', () => {
    it('may hold characters that arrive in two halves', async () => {
      const { text, end } = await hearOf({ type: 'split_utf8', text: 'Grüße, 世界! 👋🏽', chunkSize: 3 });
      expect(text).toBe('Grüße, 世界! 👋🏽');
      expect(end?.finishReason).toBe('STOP');
    });

    it('may hold the line separators of Unicode', async () => {
      const { text } = await hearOf({ type: 'answer', text: 'one\u2028two\u2029three' });
      expect(text).toBe('one\u2028two\u2029three');
    });

    it('is told apart from the thoughts before and between it', async () => {
      const thoughts = 'Let me think. Yes. ';
      expect(await hearOf({ type: 'answer', text: 'Plainly.', thoughts })).toMatchObject({
        text: 'Plainly.',
        thoughts,
      });
      const between = { thoughts, thoughtsBetween: true, chunkSize: 3 };
      expect(await hearOf({ type: 'answer', text: 'Plainly.', ...between })).toMatchObject({
        text: 'Plainly.',
        thoughts,
      });
    });

    it.each([
      [{ thinking: null }, { includeThoughts: true }],
      [{ thinking: 'low' }, { thinkingLevel: 'LOW', includeThoughts: true }],
      [
        { thinking: 'high', model: 'gemini-2.5-flash' },
        { thinkingBudget: 24_576, includeThoughts: true },
      ],
    ] as const)('has its thoughts told where that is asked for with %j', async (settings, thinkingConfig) => {
      const { thoughts } = await hear(modelAt(sandbox.url), asking({ ...settings, showThoughts: true }));
      expect(thoughts).toMatch(/^Let me think.* I was asked: "Hello"\.$/);
      const [request] = await sandbox.requests();
      expect(request?.generationConfig).toEqual({ maxOutputTokens: 1_000, thinkingConfig });
    });

    it('is no longer than asked for, thoughts included', async () => {
      await sandbox.script({ type: 'thoughts', text: 'abcdefgh', thoughtTokens: 3 });
      const told = await hear(modelAt(sandbox.url), asking({ maxOutputTokens: 4 }));
      expect(told).toMatchObject({ text: 'abcd', end: { outcome: 'truncated', finishReason: 'MAX_TOKENS' } });
      const thought = await hear(modelAt(sandbox.url), asking({ maxOutputTokens: 3 }));
      expect(thought).toMatchObject({
        text: '',
        end: { outcome: 'truncated', usage: { thoughtTokens: 3, replyTokens: 0 } },
      });
    });

    it('tells what it has used with each piece', async () => {
      const { usages, end } = await hearOf({ type: 'thoughts', text: 'abcdefgh', chunkSize: 4, cachedTokens: 1 });
      const used = { promptTokens: 2, cachedTokens: 1, thoughtTokens: 4, searches: 0 };
      expect(usages).toEqual([0, 1, 2].map((replyTokens) => ({ ...used, replyTokens })));
      expect(end?.usage).toEqual({ ...used, replyTokens: 2 });
    });

    it.each<[BehaviourOverrides['type'], ModelOutcome, string, string]>([
      ['safety', 'withheld', 'SAFETY', 'abcd'],
      ['recitation', 'withheld', 'RECITATION', 'abcd'],
      ['max_tokens', 'truncated', 'MAX_TOKENS', 'abcd'],
      ['max_tokens_empty', 'truncated', 'MAX_TOKENS', ''],
      ['empty', 'complete', 'STOP', ''],
    ])('that ends as %s is %s, with %s, after what came before', async (type, outcome, finishReason, said) => {
      const { text, end } = await hearOf({ type, text: 'abcdefgh', chunkSize: 2 });
      expect(text).toBe(said);
      expect(end).toMatchObject({ outcome, finishReason });
    });

    it('that was cut has no reason, though it looks complete', async () => {
      const { text, end } = await hearOf({ type: 'cut', text: 'abcdefgh', chunkSize: 2 });
      expect(text).toBe('abcd');
      expect(end).toMatchObject({ outcome: 'cut', finishReason: null });
    });

    it('to a blocked prompt is none, and says why', async () => {
      const { text, end } = await hearOf({ type: 'prompt_blocked', blockReason: 'PROHIBITED_CONTENT' });
      expect(text).toBe('');
      expect(end).toMatchObject({ outcome: 'prompt_blocked', finishReason: 'PROHIBITED_CONTENT' });
    });
  });

  describe('a failure', () => {
    it.each<[BehaviourOverrides['type'], ModelError['failure']]>([
      ['400', 'rejected'],
      ['invalid_key', 'misconfigured'],
      ['precondition', 'misconfigured'],
      ['401', 'misconfigured'],
      ['402', 'misconfigured'],
      ['403', 'misconfigured'],
      ['404', 'unknown_model'],
      ['408', 'unavailable'],
      ['409', 'unavailable'],
      ['429', 'rate_limited'],
      ['499', 'unavailable'],
      ['500', 'unavailable'],
      ['502', 'unavailable'],
      ['503', 'unavailable'],
      ['504', 'unavailable'],
      ['reset', 'unavailable'],
    ])('%s is %s', async (type, failure) => {
      const { text, error } = await hearOf({ type });
      expect(text).toBe('');
      expect(error).toMatchObject({ name: 'ModelError', failure });
    });

    it.each<BehaviourOverrides['type']>([
      'error_mid_stream',
      'error_event_mid_stream',
      'malformed',
      'reset_mid_stream',
    ])('after text (%s) leaves the text, and is unavailable', async (type) => {
      const { text, error } = await hearOf({ type, text: 'abcdefgh', chunkSize: 2, status: 400 });
      expect(text).toBe('abcd');
      expect(error).toMatchObject({ name: 'ModelError', failure: 'unavailable' });
    });

    it.each([
      [2_500, 2_500],
      [50_000, 50_000],
      [0, 0],
      [null, null],
    ])('of the rate says when to come back: %s', async (retryAfterMs, expected) => {
      const { error } = await hearOf({ type: '429', retryAfterMs });
      expect(error).toMatchObject({ failure: 'rate_limited', retryAfterMs: expected });
    });

    it('of the rate may come mid-stream, too', async () => {
      const { error } = await hearOf({ type: 'error_event_mid_stream', status: 429 });
      expect(error).toMatchObject({ failure: 'rate_limited' });
    });

    it('is that no server listens', async () => {
      const { error } = await hear(modelAt('http://127.0.0.1:9'));
      expect(error).toMatchObject({ failure: 'unavailable' });
    });

    it('is a redirection, which the operator has to mend', async () => {
      const server = createServer(
        (_request, response) => void response.writeHead(307, { location: sandbox.url }).end(),
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { error } = await hear(modelAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
      server.close();
      server.closeAllConnections();
      expect(error).toMatchObject({ failure: 'misconfigured', message: expect.stringContaining('GEMINI_BASE_URL') });
    });

    it('is told without key, prompt and answer', async () => {
      for (const type of [
        '400',
        'invalid_key',
        'precondition',
        '404',
        'malformed',
        'error_event_mid_stream',
      ] as const) {
        const heard = await hearOf({ type, text: 'the-answer' });
        const told = `${String(heard.error)} ${JSON.stringify(heard.error)} ${(heard.error as Error).stack}`;
        expect(told).not.toMatch(/the-key|Hello|the-answer/);
      }
    });
  });

  it('left no rejection behind that would have ended the process', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});
