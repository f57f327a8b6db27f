import { createHash } from 'node:crypto';
import type { Page, Usage } from '@gemini-chat/client';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { startS3Server, type S3Server } from '../support/files/s3-server.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import type { HttpClient } from '../support/http/http-client.js';
import { pdf, png, upload } from '../support/http/uploads.js';
import { type Accepted, type Message, openRoom, outcome, quotaOf } from '../support/messages.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

/** A part of what a model is sent, as the sandbox tells. */
interface Part {
  text?: string;
  inlineData?: { mimeType: string; bytes: number; sha256: string };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** What the sandbox's model says that it got. */
const told = (mediaType: string, bytes: Buffer): string =>
  `${mediaType}, ${bytes.length} bytes, ${sha256(bytes).slice(0, 8)}`;

const partOf = (mimeType: string, bytes: Buffer) => ({
  inlineData: { mimeType, bytes: bytes.length, sha256: sha256(bytes) },
});

const isFile = (part: object): boolean => 'inlineData' in part;

/** Asks about files, and waits for the reply. */
async function ask(http: HttpClient, room: string, content: string, files: string[] = []): Promise<Message> {
  const { status, body } = await http.post<Accepted>(`/chatroom/${room}/message`, { content, files });
  expect({ status, body }).toMatchObject({ status: 202 });
  return outcome(http, body.reply);
}

async function uploaded(http: HttpClient, bytes: Buffer): Promise<string> {
  const { status, body } = await upload(http, bytes);
  expect(status).toBe(201);
  return body.id;
}

/** The parts of the request that asked this. */
async function partsSent(stack: Stack, prompt: string): Promise<Part[]> {
  const [request] = await new GeminiControl(stack.sandboxUrl).requests({ prompt });
  return (request?.contents ?? []).flatMap(({ parts = [] }) => parts as Part[]);
}

describe.each([
  ['generative-ai', 'postgresql'],
  ['genai', 's3'],
])('files that Gemini is shown over the SDK %s from the store %s', (sdk, fileStore) => {
  let s3: S3Server | null = null;
  let stack: Stack;
  beforeAll(async () => {
    s3 = fileStore === 's3' ? await startS3Server() : null;
    stack = await startStack({ env: { GEMINI_SDK: sdk, REPLY_RETRY_BASE_MS: '50', ...s3?.env } });
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await s3?.stop();
  });

  it('are asked about, and again in the next question, for which they are counted', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const [picture, document] = [png(3, 2), pdf(700_001)];
    const ids = [await uploaded(http, picture), await uploaded(http, document)];
    const first = await ask(http, room, 'What are they?', ids);
    expect(first).toMatchObject({
      status: 'completed',
      content: `Turn 1. You said: "What are they?". I got: ${told('image/png', picture)}; ${told('application/pdf', document)}.`,
    });
    const shown = [partOf('image/png', picture), partOf('application/pdf', document), { text: 'What are they?' }];
    expect(await partsSent(stack, 'What are they?')).toMatchObject(shown);

    expect(await ask(http, room, 'And which is larger?')).toMatchObject({ status: 'completed' });
    expect(await partsSent(stack, 'And which is larger?')).toMatchObject([
      ...shown,
      { text: first.content },
      { text: 'And which is larger?' },
    ]);
    const counted = { tokens: { 'gemini-flash-latest': 258 } };
    expect(await sql('SELECT tokens FROM file WHERE id = ANY($1::uuid[])', ids)).toEqual([counted, counted]);
  });

  it('may be all that a question has', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http, { title: null });
    const picture = png(5, 4);
    const reply = await ask(http, room, '', [await uploaded(http, picture)]);
    expect(reply).toMatchObject({ status: 'completed', content: expect.stringContaining(told('image/png', picture)) });
  });

  it('are left out of a conversation that goes on, where their bytes are not there any more', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const picture = png(7, 7);
    const id = await uploaded(http, picture);
    expect(await ask(http, room, 'What is it?', [id])).toMatchObject({ status: 'completed' });
    // It has been counted, so it is read only when it is sent.
    await sql(`UPDATE file SET tokens = '{"gemini-flash-latest": 258}' WHERE id = $1::uuid`, id);
    await sql(
      `UPDATE message SET files = jsonb_set(files, '{0,bytes}', '1000000')
       WHERE chatroom_id = $1::uuid AND files IS NOT NULL`,
      room,
    );
    const reply = await ask(http, room, 'What was it?');
    expect(reply).toMatchObject({ status: 'completed' });
    const sent = await partsSent(stack, 'What was it?');
    expect(sent.map(({ text }) => text)).toEqual(['What is it?', expect.any(String), 'What was it?']);
    await eventually(() => stack.logs().includes('Files of earlier questions could not be read'));
  });

  it('are left out, where the model refuses the request with them', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http, { thinking: 'low', showThoughts: true });
    const id = await uploaded(http, png(8, 8));
    expect(await ask(http, room, 'What is it?', [id])).toMatchObject({ status: 'completed' });
    const model = new GeminiControl(stack.sandboxUrl);
    await model.script({ type: '400' }, { promptIs: 'And now?' }, 1);
    expect(await ask(http, room, 'And now?')).toMatchObject({ status: 'completed', thoughts: null });
    const [refused, plain] = await model.requests({ prompt: 'And now?' });
    const hasFile = [refused, plain].map((call) => call!.contents.some(({ parts = [] }) => parts.some(isFile)));
    expect(hasFile).toEqual([true, false]);
    expect(plain!.generationConfig).not.toHaveProperty('thinkingConfig');
    // Without anything to leave out it ends there.
    await model.script({ type: '400' }, { promptIs: 'And then?' });
    expect(await ask(http, await openRoom(http), 'And then?')).toMatchObject({
      status: 'failed',
      error: { code: 'model_rejected_request' },
    });
    expect(await model.requests({ prompt: 'And then?' })).toHaveLength(1);
  });

  it('count for a call whose worker died, those of earlier questions too', async () => {
    await dayWithTimeLeft(120_000);
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const first = await ask(http, room, 'What is this?', [await uploaded(http, png(6, 6))]);
    const model = new GeminiControl(stack.sandboxUrl);
    await model.script({ type: 'hang' }, { promptIs: 'And in here?' }, 1);
    const files = [await uploaded(http, pdf(700_001))];
    const { body } = await http.post<Accepted>(`/chatroom/${room}/message`, { content: 'And in here?', files });
    await eventually(async () => (await model.requests({ prompt: 'And in here?' })).length > 0);
    await stack.worker().kill('SIGKILL');
    await stack.worker().restart();
    const second = await outcome(http, body.reply, 60_000);
    expect([first.status, second.status]).toEqual(['completed', 'completed']);
    const usage = (await http.get<Page<Usage>>('/usage')).body.items.filter(({ purpose }) => purpose === 'reply');
    expect(usage).toMatchObject([{ calls: 3, estimatedCalls: 1 }]);
    const estimated = usage[0]!.promptTokens - first.usage!.promptTokens - second.usage!.promptTokens;
    // The picture has been counted for the second question; the document, which is that question's own, has not: 15 times 50 kB, or a part of it.
    const ofFiles = 258 + 15 * 560;
    expect(estimated).toBeGreaterThan(ofFiles);
    expect(estimated).toBeLessThan(ofFiles + 100);
  }, 240_000);

  it('of a question fail it, when they can not be read, and it costs nothing', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const id = await uploaded(http, png(9, 9));
    await sql('UPDATE file SET bytes = bytes + 1 WHERE id = $1::uuid', id);
    const reply = await ask(http, room, 'Can you see it?', [id]);
    expect(reply).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
    expect(await new GeminiControl(stack.sandboxUrl).requests({ prompt: 'Can you see it?' })).toEqual([]);
    expect((await quotaOf(http)).used).toBe(0);
    // The model was not called, and is not suspected.
    expect((await http.get('/usage')).body).toMatchObject({ items: [] });
  });

  async function sql(text: string, ...values: unknown[]): Promise<object[]> {
    const client = new pg.Client({ connectionString: stack.database.url });
    await client.connect();
    try {
      return (await client.query<object>(text, values)).rows;
    } finally {
      await client.end();
    }
  }
});
