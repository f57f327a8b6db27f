import { Behaviour, type BehaviourType } from './gemini.behaviour.js';
import { type GeminiCall, NO_CONVERSATION } from './gemini.call.js';
import { GeminiScript } from './gemini.script.js';

const call = (overrides: Partial<GeminiCall> = {}): GeminiCall => ({
  ...NO_CONVERSATION,
  method: 'streamGenerateContent',
  model: 'gemini-flash-latest',
  apiKey: 'key',
  ...overrides,
});

const behaviours = (...types: BehaviourType[]): Behaviour[] =>
  types.map((type) => Object.assign(new Behaviour(), { type }));

const next = (script: GeminiScript, overrides: Partial<GeminiCall> = {}): string =>
  script.next(call(overrides)).behaviour.type;

describe('GeminiScript', () => {
  it('answers plainly without a rule', () => {
    expect(next(new GeminiScript())).toBe('answer');
  });

  it('repeats the behaviours of a rule as many times as given, and then ignores it', () => {
    const script = new GeminiScript();
    script.add({}, behaviours('503', 'cut'), 2);
    expect([1, 2, 3, 4, 5].map(() => next(script))).toEqual(['503', 'cut', '503', 'cut', 'answer']);
  });

  it('repeats a rule without a number without limit', () => {
    const script = new GeminiScript();
    script.add({}, behaviours('503'), null);
    expect([1, 2, 3].map(() => next(script))).toEqual(['503', '503', '503']);
  });

  it('lets the newest rule that matches decide', () => {
    const script = new GeminiScript();
    script.add({}, behaviours('503'), null);
    const weather = script.add({ prompt: 'weather' }, behaviours('cut'), null);
    expect(next(script, { prompt: 'The weather?' })).toBe('cut');
    expect(next(script, { prompt: 'The time?' })).toBe('503');
    script.remove(weather.id);
    expect(next(script, { prompt: 'The weather?' })).toBe('503');
  });

  it.each([
    [{ apiKey: 'a' }, { apiKey: 'a' }, { apiKey: 'b' }],
    [{ model: 'm' }, { model: 'm' }, { model: 'n' }],
    [{ prompt: 'b' }, { prompt: 'abc' }, { prompt: 'ac' }],
    [{ promptIs: 'b' }, { prompt: 'b' }, { prompt: 'abc' }],
    [{ system: 'b' }, { systemInstruction: 'abc' }, { systemInstruction: null }],
    [{ method: 'countTokens' as const }, { method: 'countTokens' as const }, {}],
    [{}, { method: 'generateContent' as const }, { method: 'countTokens' as const }],
    [
      { apiKey: 'a', prompt: 'b' },
      { apiKey: 'a', prompt: 'b' },
      { apiKey: 'a', prompt: 'c' },
    ],
  ])('a rule for %j takes %j and leaves %j', (match, taken, left) => {
    const script = new GeminiScript();
    script.add(match, behaviours('503'), null);
    expect(next(script, taken)).toBe('503');
    expect(next(script, left)).toBe('answer');
  });

  it('does what the newest message itself asks for, and spends no rule on it', () => {
    const script = new GeminiScript();
    const rule = script.add({}, behaviours('503'), 1);
    const { behaviour } = script.next(call({ prompt: 'Go [[behaviour:cut afterChunks=1 text=ok]] now' }));
    expect(behaviour).toMatchObject({ type: 'cut', afterChunks: 1, text: 'ok', chunkSize: 12 });
    expect(rule.used).toBe(0);
  });

  it('follows a directive as many times as it says, answers the same conversation once, and begins anew', () => {
    const script = new GeminiScript();
    const asking = { prompt: 'Go [[behaviour:cut times=2]]', contents: [{ role: 'user', parts: [{ text: 'Go' }] }] };
    const others = { ...asking, contents: [{ role: 'user', parts: [{ text: 'Go on' }] }] };
    expect([1, 2].map(() => next(script, asking))).toEqual(['cut', 'cut']);
    expect(next(script, others)).toBe('cut');
    expect([3, 4].map(() => next(script, asking))).toEqual(['answer', 'cut']);
  });

  it('does not let a directive steer the name of its conversation', () => {
    const naming = { systemInstruction: 'Name this conversation.', prompt: 'User: Go [[behaviour:503]]' };
    expect(next(new GeminiScript(), naming)).toBe('answer');
  });

  it.each(['[[behaviour:nonsense]]', '[[behaviour:cut afterChunks=-1]]', '[[behaviour:cut bogus=1]]'])(
    'refuses %s',
    (prompt) => {
      expect(() => next(new GeminiScript(), { prompt })).toThrow('Sandbox directive');
    },
  );
});
