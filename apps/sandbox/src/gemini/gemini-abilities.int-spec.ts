import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { GoogleGenAI, ThinkingLevel } from '@google/genai';
import { GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';

// What a Gemini of 2026 can do beyond text, over Google's SDK.

let sandbox: GeminiSandbox;
let models: GoogleGenAI['models'];

beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
  const httpOptions = { baseUrl: sandbox.url, apiVersion: 'v1beta', fetch };
  models = new GoogleGenAI({ apiKey: 'any', vertexai: false, httpOptions }).models;
});
afterEach(() => sandbox.reset());
afterAll(() => sandbox.stop());

const model = 'gemini-flash-latest';
const PICTURE = Buffer.from('a picture');
const picture = { inlineData: { mimeType: 'image/png', data: PICTURE.toString('base64') } };
const seen = `image/png, 9 bytes, ${createHash('sha256').update(PICTURE).digest('hex').slice(0, 8)}`;

describe('what is sent inline', () => {
  it('is told, and counts as tokens', async () => {
    const contents = [{ role: 'user', parts: [picture, { text: 'What is it?' }] }];
    const { text, usageMetadata } = await models.generateContent({ model, contents });
    expect(text).toBe(`Turn 1. You said: "What is it?". I got: ${seen}.`);
    expect(usageMetadata?.promptTokenCount).toBe(258 + 3);
    expect(await models.countTokens({ model, contents })).toMatchObject({ totalTokens: 258 + 3 });
  });

  it('is told when it comes without a word, and that of earlier turns is not', async () => {
    const file = { inlineData: { mimeType: 'text/plain', data: Buffer.from('12345678').toString('base64') } };
    const contents = [
      { role: 'user', parts: [file, { text: 'And this?' }] },
      { role: 'model', parts: [{ text: 'A text.' }] },
      { role: 'user', parts: [picture] },
    ];
    const { text, usageMetadata } = await models.generateContent({ model, contents });
    expect(text).toBe(`Turn 1. You said: "". I got: ${seen}.`);
    expect(usageMetadata?.promptTokenCount).toBe(258 + 2 + 4);
  });

  it('is in the journal without its bytes', async () => {
    await models.generateContent({ model, contents: [{ role: 'user', parts: [picture, { text: 'Hello' }] }] });
    const [entry] = await sandbox.requests();
    expect(entry?.contents[0]?.parts?.[0]).toEqual({ inlineData: expect.objectContaining({ bytes: 9 }) });
    expect(JSON.stringify(entry)).not.toContain(picture.inlineData.data);
  });

  it.each([
    ['video/x-unknown', 'AAAA', 'Unsupported MIME type'],
    ['text/html', 'AAAA', 'Unsupported MIME type'],
    ['image/png', 'no base64!', 'no base64'],
    ['image/png', '', 'no base64'],
  ])('is refused as %s %j', async (mimeType, data, message) => {
    const contents = [{ role: 'user', parts: [{ inlineData: { mimeType, data } }] }];
    await expect(models.generateContent({ model, contents })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    });
  });
});

describe('thinking', () => {
  it('is told where that is asked for, and counts', async () => {
    const thinkingConfig = { thinkingLevel: ThinkingLevel.HIGH, includeThoughts: true };
    const { candidates, text, usageMetadata } = await models.generateContent({
      model,
      contents: 'Why?',
      config: { thinkingConfig },
    });
    const thoughts = candidates?.[0]?.content?.parts?.filter(({ thought }) => thought).map(({ text: each }) => each);
    expect(thoughts?.join('')).toBe('Let me think, HIGH. I was asked: "Why?".');
    expect(text).toBe('Turn 1. You said: "Why?".');
    expect(usageMetadata?.thoughtsTokenCount).toBe(10);
  });

  it('is not told otherwise', async () => {
    const { candidates } = await models.generateContent({ model, contents: 'Why?' });
    expect(candidates?.[0]?.content?.parts).toHaveLength(1);
  });

  it('has levels that exist', async () => {
    const config = { thinkingConfig: { thinkingLevel: 'HUGE' as ThinkingLevel } };
    await expect(models.generateContent({ model, contents: 'Why?', config })).rejects.toMatchObject({ status: 400 });
  });
});

describe('a search', () => {
  it('brings sources and queries with the end, for bytes of the answer', async () => {
    await sandbox.script({ type: 'answer', text: 'Grüße. 你好, all of you.' });
    const ends = [];
    const stream = await models.generateContentStream({
      model,
      contents: 'Greet me',
      config: { tools: [{ googleSearch: {} }] },
    });
    for await (const { candidates } of stream) ends.push(candidates?.[0]?.groundingMetadata);
    expect(ends.slice(0, -1).every((each) => each === undefined)).toBe(true);
    const { webSearchQueries, groundingChunks, groundingSupports = [] } = ends.at(-1) ?? {};
    expect(webSearchQueries).toEqual(['Greet me']);
    expect(groundingChunks?.map(({ web }) => web?.title)).toEqual(['one.example', 'two.example']);
    const bytes = Buffer.from('Grüße. 你好, all of you.');
    for (const { segment } of groundingSupports) {
      expect(bytes.subarray(segment?.startIndex ?? 0, segment?.endIndex).toString()).toBe(segment?.text);
    }
    expect(groundingSupports.map(({ groundingChunkIndices }) => groundingChunkIndices)).toEqual([[0], [0, 1]]);
  });
});

it('refuses a temperature out of range', async () => {
  await expect(models.generateContent({ model, contents: 'Hi', config: { temperature: 3 } })).rejects.toMatchObject({
    status: 400,
  });
});
