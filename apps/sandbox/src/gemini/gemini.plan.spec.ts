import fc from 'fast-check';
import { Behaviour } from './gemini.behaviour.js';
import type { GeminiCall } from './gemini.call.js';
import { planAnswer, type Step } from './gemini.plan.js';
import { ARRAY_FRAMING, type GenerateContentResponse, SSE_FRAMING } from './gemini.wire.js';

const call = (prompt: string): GeminiCall => ({
  method: 'streamGenerateContent',
  model: 'gemini-flash-latest',
  apiKey: 'key',
  contents: [{ role: 'user', parts: [{ text: prompt }] }],
  systemInstruction: null,
  generationConfig: null,
  search: false,
  media: [],
  prompt,
  turns: 1,
});

const behaviour = (overrides: Partial<Behaviour>): Behaviour => Object.assign(new Behaviour(), overrides);

const bytesOf = (steps: Iterable<Step>): string =>
  Buffer.concat([...steps].flatMap((step) => (step.do === 'write' ? [step.bytes] : []))).toString();

const NAMING = 'Name this conversation in at most six words, in its own language. Answer with the name alone.';

const textsOf = (responses: GenerateContentResponse[]): string =>
  responses
    .flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? [])
    .map(({ text }) => text)
    .join('');

describe('a planned answer', () => {
  it('holds the whole text, however it is cut, framed and split', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('answer' as const, 'split_utf8' as const),
        (text, chunkSize, type) => {
          const scripted = behaviour({ type, text, chunkSize });
          const sse = bytesOf(planAnswer(call('Hi'), scripted, SSE_FRAMING));
          const events = sse.split('\r\n\r\n').filter(Boolean);
          const array = JSON.parse(
            bytesOf(planAnswer(call('Hi'), scripted, ARRAY_FRAMING)),
          ) as GenerateContentResponse[];
          const body = JSON.parse(bytesOf(planAnswer(call('Hi'), scripted, null))) as GenerateContentResponse;

          expect(textsOf(events.map((event) => JSON.parse(event.slice('data: '.length))))).toBe(text);
          expect(textsOf(array)).toBe(text);
          expect(textsOf([body])).toBe(text);
          expect(array.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
        },
      ),
    );
  });

  it('has thoughts before the text, sentence by sentence, or by turns with it', () => {
    const scripted = { text: 'abc', chunkSize: 1, thoughts: 'Well. So. ' };
    const partsOf = (overrides: Partial<Behaviour>): string[] => {
      const body = bytesOf(planAnswer(call('Hi'), behaviour({ ...scripted, ...overrides }), ARRAY_FRAMING));
      const parts = (JSON.parse(body) as GenerateContentResponse[]).flatMap(
        ({ candidates }) => candidates?.[0]?.content?.parts ?? [],
      );
      return parts.map(({ text = '', thought = false }) => (thought ? `(${text})` : text));
    };
    expect(partsOf({})).toEqual(['(Well. )', '(So. )', 'a', 'b', 'c']);
    expect(partsOf({ thoughtsBetween: true })).toEqual(['(Well. )', 'a', '(So. )', 'b', 'c']);
    expect(partsOf({ thoughtsBetween: true, type: 'cut', afterChunks: 3 })).toEqual(['(Well. )', 'a', '(So. )']);
  });

  it('keeps its pace between pieces', () => {
    const scripted = behaviour({ text: 'abc', chunkSize: 1, tokensPerSecond: 20, latencyMs: 300 });
    const steps = [...planAnswer(call('Hi'), scripted, SSE_FRAMING)].map((step) =>
      step.do === 'wait' ? step.ms : step.do,
    );
    expect(steps).toEqual([300, 'head', 'write', 50, 'write', 50, 'write', 'end']);
  });

  it('has the pace of the sandbox where it has none of its own, and then a text to read', () => {
    const waits = (scripted: Behaviour, asked = call('Hi')): number[] =>
      [...planAnswer(asked, scripted, SSE_FRAMING, 20)].flatMap((step) => (step.do === 'wait' ? [step.ms] : []));
    expect(new Set(waits(behaviour({})))).toEqual(new Set([50]));
    expect(new Set(waits(behaviour({ tokensPerSecond: 10 })))).toEqual(new Set([100]));
    expect(waits(behaviour({ tokensPerSecond: 0 }))).toEqual([]);
    expect(waits(behaviour({}), { ...call('User: Hi'), systemInstruction: NAMING })).toEqual([]);

    const said = (turns: number): string => {
      const body = bytesOf(planAnswer({ ...call('Hi'), turns }, behaviour({}), null, 20));
      return textsOf([JSON.parse(body) as GenerateContentResponse]);
    };
    expect(said(1)).toMatch(/^Turn 1\. You said: "Hi"\.\n\n## .*\n1\. /s);
    expect(said(2)).toMatch(/^Turn 2\. .*```ts\n/s);
    expect(said(3)).toMatch(/^Turn 3\. .*\| --- \|/s);
    expect(said(5)).toContain(said(1).split('\n\n')[1]);
  });

  it.each([
    ['Why is the sky blue?', 'Why is the sky blue'],
    ['**Write** a story, a long one, about "Rex": my dog! [[behaviour:cut times=1]]', 'Write a story a long one'],
    ["[[behaviour:answer]] What's new -- in 2026?\n\nAll of it.", "What's new in 2026 All of"],
    ['为什么天空是蓝色的？', '为什么天空是蓝色的'],
    ['x'.repeat(100), 'x'.repeat(48)],
    ['?!', 'New conversation'],
  ])('to %j names the conversation %j', (question, title) => {
    const asked = {
      ...call(`User: ${question}\n\nAssistant: Turn 1. You said: "Hello".`),
      systemInstruction: NAMING,
    };
    const name = (scripted: Behaviour): string =>
      textsOf([JSON.parse(bytesOf(planAnswer(asked, scripted, null))) as GenerateContentResponse]);
    expect(name(behaviour({}))).toBe(title);
    expect(name(behaviour({ text: 'Own' }))).toBe('Own');
  });

  it('ends a network chunk inside a character for split_utf8', () => {
    const scripted = behaviour({ type: 'split_utf8', text: 'é' });
    const writes = [...planAnswer(call('Hi'), scripted, SSE_FRAMING)].flatMap((step) =>
      step.do === 'write' ? [step.bytes] : [],
    );
    expect(writes).toHaveLength(2);
    expect(writes[0]?.at(-1)).toBe(0xc3);
    expect(writes[1]?.at(0)).toBe(0xa9);
  });

  describe('told in tokens', () => {
    const responses = (scripted: Behaviour, maxOutputTokens?: number): GenerateContentResponse[] => {
      const asked = {
        ...call('12345678'),
        generationConfig: maxOutputTokens === undefined ? null : { maxOutputTokens },
      };
      return JSON.parse(bytesOf(planAnswer(asked, scripted, ARRAY_FRAMING))) as GenerateContentResponse[];
    };

    it('grows from piece to piece', () => {
      const usages = responses(behaviour({ text: 'abcdefgh', chunkSize: 4, cachedTokens: 1 })).map(
        ({ usageMetadata }) => usageMetadata,
      );
      expect(usages).toEqual([
        { promptTokenCount: 2, cachedContentTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 3 },
        { promptTokenCount: 2, cachedContentTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 4 },
      ]);
    });

    it('counts thoughts on top of the answer, told or not', () => {
      const [thought, text] = responses(behaviour({ type: 'thoughts', text: 'abcd' }));
      expect(thought?.usageMetadata).toMatchObject({ thoughtsTokenCount: 4, candidatesTokenCount: 0 });
      expect(text?.usageMetadata).toEqual({
        promptTokenCount: 2,
        thoughtsTokenCount: 4,
        candidatesTokenCount: 1,
        totalTokenCount: 7,
      });
      const [silent] = responses(behaviour({ text: 'abcd', thoughtTokens: 9 }));
      expect(silent?.usageMetadata).toMatchObject({ thoughtsTokenCount: 9, candidatesTokenCount: 1 });
    });

    it.each([
      [{ text: 'abcdefgh' }, 2, 'abcdefgh', 'STOP'],
      [{ text: 'abcdefghi' }, 2, 'abcdefgh', 'MAX_TOKENS'],
      [{ text: 'abc😀😀' }, 1, 'abc', 'MAX_TOKENS'],
      [{ text: 'abcdefgh', thoughtTokens: 1 }, 2, 'abcd', 'MAX_TOKENS'],
      [{ text: 'abcdefgh', thoughtTokens: 100 }, 2, '', 'MAX_TOKENS'],
    ])('%j within %i tokens is %j and ends as %s', (scripted, maxOutputTokens, text, finishReason) => {
      const told = responses(behaviour(scripted), maxOutputTokens);
      expect(textsOf(told)).toBe(text);
      const last = told.at(-1);
      expect(last?.candidates?.[0]?.finishReason).toBe(finishReason);
      const { thoughtsTokenCount = 0, candidatesTokenCount = 0 } = last?.usageMetadata ?? {};
      expect(thoughtsTokenCount + candidatesTokenCount).toBeLessThanOrEqual(maxOutputTokens);
    });
  });

  it('echoes a long prompt in part', () => {
    const body = bytesOf(planAnswer(call('x'.repeat(5_000)), behaviour({}), null));
    expect(body).toContain(`${'x'.repeat(1_000)}…`);
    expect(body).not.toContain('x'.repeat(1_001));
  });
});
