import 'reflect-metadata';
import { Agent, request } from 'node:http';
import { type GenerativeModel, GoogleGenerativeAI } from '@google/generative-ai';
import { eventually } from '../../../../test/support/eventually.js';
import { GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import type { Outcome } from './gemini.journal.js';

let sandbox: GeminiSandbox;
beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
});
afterEach(() => sandbox?.reset());
afterAll(() => sandbox?.stop());

const sdk = (systemInstruction?: string, apiKey = 'any'): GenerativeModel =>
  new GoogleGenerativeAI(apiKey).getGenerativeModel(
    { model: 'gemini-flash-latest', ...(systemInstruction === undefined ? {} : { systemInstruction }) },
    { baseUrl: sandbox.url },
  );

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${sandbox.url}${path}`, { headers });

describe('the SDK', () => {
  it('holds a chat', async () => {
    const chat = sdk('Be brief.').startChat();
    expect((await chat.sendMessage('Hello')).response.text()).toBe(
      'Turn 1. You said: "Hello". I was told: "Be brief."',
    );
    expect((await chat.sendMessage('And now?')).response.text()).toBe(
      'Turn 2. You said: "And now?". I was told: "Be brief."',
    );
  });

  it('streams, and puts the pieces together itself', async () => {
    const { stream, response } = await sdk().generateContentStream('Hello');
    const pieces: string[] = [];
    for await (const piece of stream) pieces.push(piece.text());
    const whole = await response;

    expect(pieces.join('')).toBe('Turn 1. You said: "Hello".');
    expect(whole.candidates?.[0]?.finishReason).toBe('STOP');
    expect(whole.usageMetadata).toMatchObject({ promptTokenCount: 2, candidatesTokenCount: 7, totalTokenCount: 9 });
  });

  it('counts tokens', async () => {
    await expect(sdk().countTokens('12345678')).resolves.toMatchObject({ totalTokens: 2 });
  });

  it.each(['400', '401', '402', '403', '404', '408', '409', '429', '499', '500', '502', '503', '504'] as const)(
    'understands the error %s',
    async (type) => {
      await sandbox.script({ type });
      await expect(sdk().generateContent('Hello')).rejects.toMatchObject({ status: Number(type) });
    },
  );

  it('finds RetryInfo in a 429, and the reason in a wrong key', async () => {
    await sandbox.script([{ type: '429', retryAfterMs: 3_000 }, { type: 'invalid_key' }]);
    await expect(sdk().generateContent('Hello')).rejects.toMatchObject({
      errorDetails: expect.arrayContaining([expect.objectContaining({ retryDelay: '3s' })]),
    });
    await expect(sdk().generateContent('Hello')).rejects.toMatchObject({
      status: 400,
      errorDetails: [expect.objectContaining({ reason: 'API_KEY_INVALID' })],
    });
  });

  it('is told that the project may not use the API', async () => {
    await sandbox.script({ type: 'precondition' });
    await expect(sdk().generateContent('Hello')).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('User location is not supported for the API use.'),
    });
  });

  it('has its answer cut at maxOutputTokens', async () => {
    const { response } = await sdk().generateContent({
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
      generationConfig: { maxOutputTokens: 2, temperature: 0 },
    });
    expect([response.text(), response.candidates?.[0]?.finishReason]).toEqual(['Turn 1. ', 'MAX_TOKENS']);
    expect(await sandbox.requests()).toMatchObject([
      { generationConfig: { maxOutputTokens: 2, temperature: 0 }, usage: { candidatesTokenCount: 2 } },
    ]);
  });

  it.each(['safety', 'recitation'] as const)('sees what was withheld: %s', async (type) => {
    await sandbox.script({ type });
    const { response } = await sdk().generateContent('Hello');
    expect(response.candidates?.[0]?.finishReason).toBe(type.toUpperCase());
    expect(() => response.text()).toThrow(type.toUpperCase());
  });

  it('sees a blocked prompt, which is a success without candidates', async () => {
    await sandbox.script({ type: 'prompt_blocked' });
    const { response } = await sdk().generateContent('Hello');
    expect(response.candidates).toBeUndefined();
    expect(response.promptFeedback?.blockReason).toBe('SAFETY');
  });

  it.each([
    ['max_tokens', 'MAX_TOKENS', 'Turn 1. You said: "Hello'],
    ['max_tokens_empty', 'MAX_TOKENS', ''],
    ['empty', 'STOP', ''],
    ['cut', undefined, 'Turn 1. You said: "Hello'],
  ] as const)('sees an answer that is not whole: %s', async (type, finishReason, text) => {
    await sandbox.script({ type });
    const { response } = await sdk().generateContent('Hello');
    expect(response.candidates?.[0]?.finishReason).toBe(finishReason);
    expect(response.text()).toBe(text);
  });

  it.each(['malformed', 'reset', 'reset_mid_stream', 'error_mid_stream'] as const)('fails on %s', async (type) => {
    await sandbox.script({ type });
    await expect(sdk().generateContent('Hello')).rejects.toThrow();
  });
});

describe('the server', () => {
  it('has its models, and no others', async () => {
    const key = { 'x-goog-api-key': 'any' };
    expect(await (await get('/v1beta/models/gemini-flash-latest', key)).json()).toMatchObject({
      name: 'models/gemini-flash-latest',
      supportedGenerationMethods: ['generateContent', 'countTokens'],
    });
    expect((await get('/v1beta/models/gemini-1.5-flash', key)).status).toBe(404);
    const { models } = (await (await get('/v1beta/models', key)).json()) as { models: { name: string }[] };
    expect(models.map(({ name }) => name)).toContain('models/gemini-flash-latest');
  });

  it('wants a key, in a header or in the address', async () => {
    const refused = await get('/v1beta/models');
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 403, status: 'PERMISSION_DENIED' } });
    expect((await get('/v1beta/models?key=any')).status).toBe(200);
  });

  it.each([
    [{}, 'contents is not specified'],
    [{ contents: [{ role: 'system', parts: [{ text: 'Hi' }] }] }, 'valid role'],
    [{ contents: [{ role: 'user', parts: [] }] }, 'parts must not be empty'],
    [{ contents: [{ role: 'user', parts: [{ text: 'half \ud83d' }] }] }, 'half of a surrogate pair'],
    [
      { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], generationConfig: { maxOutputTokens: 0 } },
      'max_output_tokens',
    ],
  ])('refuses %j', async (body, message) => {
    const response = await fetch(`${sandbox.url}/v1beta/models/gemini-flash-latest:generateContent?key=any`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) },
    });
  });

  it('refuses a script with a misspelt word', async () => {
    await expect(sandbox.script({ type: 'cut', afterChunk: 1 } as never)).rejects.toThrow('afterChunk');
    await expect(sandbox.script({ type: 'nonsense' as never })).rejects.toThrow('type');
    await expect(sandbox.script([])).rejects.toThrow('behaviours');
  });

  it('carries a thousand open streams at once', async () => {
    await sandbox.script({ type: 'hang_mid_stream' });
    const agent = new Agent({ maxSockets: Infinity });
    for (let index = 0; index < 1_000; index++) openStream(`Question ${index}`, agent);

    const countOf = async (outcome: Outcome): Promise<number> => (await sandbox.requests({ outcome })).length;
    await eventually(async () => (await countOf('open')) === 1_000, { withinMs: 25_000, everyMs: 500 });
    agent.destroy();
    const closed = eventually(async () => (await countOf('aborted')) === 1_000, { everyMs: 500 });
    await expect(closed).resolves.toBe(true);
  }, 60_000);
});

/** Asks, and reads what comes for as long as the agent lets it. */
function openStream(prompt: string, agent: Agent): void {
  const url = `${sandbox.url}/v1beta/models/gemini-flash-latest:streamGenerateContent?alt=sse&key=any`;
  const call = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
  call.on('response', (response) => response.on('error', () => undefined).resume());
  call.on('error', () => undefined);
  call.end(JSON.stringify({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }));
}

describe('the journal', () => {
  it('takes the last part of the user as the prompt, and each part as a turn', async () => {
    const { response } = await sdk().generateContent(['One [[behaviour:503]]', 'Two']);
    expect(response.text()).toBe('Turn 2. You said: "Two".');
    expect(await sandbox.requests({ promptIs: 'Two' })).toMatchObject([{ turns: 2, generationConfig: {} }]);
  });

  it('has each call and its outcome', async () => {
    await sdk('Be brief.', 'my-key').generateContent('Hello');
    const [entry] = await sandbox.requests({ apiKey: 'my-key' });
    expect(entry).toMatchObject({
      method: 'generateContent',
      model: 'gemini-flash-latest',
      prompt: 'Hello',
      systemInstruction: 'Be brief.',
      turns: 1,
      behaviour: 'answer',
      ruleId: null,
      status: 200,
      chunks: 1,
      outcome: 'completed',
    });
    const { receivedAt = '', firstByteAt, endedAt } = entry ?? {};
    expect([receivedAt, firstByteAt, endedAt]).toEqual([receivedAt, firstByteAt, endedAt].sort());
  });

  it('has the outcome of a call that the client aborted, and can be filtered', async () => {
    await sandbox.script({ type: 'hang' }, { prompt: 'wait' });
    const stop = new AbortController();
    const waiting = sdk().generateContent('Please wait', { signal: stop.signal });
    await eventually(async () => (await sandbox.requests({ outcome: 'open' })).length === 1);
    stop.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await sdk().generateContent('Hello');
    await eventually(async () => (await sandbox.requests({ outcome: 'aborted' })).length === 1);

    expect((await sandbox.requests({ outcome: 'aborted' })).map(({ prompt }) => prompt)).toEqual(['Please wait']);
    expect((await sandbox.requests({ prompt: 'Hel' })).map(({ outcome }) => outcome)).toEqual(['completed']);
  });
});
