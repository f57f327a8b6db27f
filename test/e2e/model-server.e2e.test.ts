import { randomBytes } from 'node:crypto';
import { LLMock } from '@copilotkit/aimock';
import { eventually } from '../support/eventually.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { png, upload } from '../support/http/uploads.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

interface Message {
  id: string;
  status: string;
  content: string;
}

/** A worker asks again after one second, two, four…; a busy machine takes longer. */
const SLOW_MACHINE = { withinMs: 20_000 };

/** Sends a message, perhaps about a file, in a new room, and waits for the reply. */
async function ask(stack: Stack, content: string, file?: Buffer): Promise<string> {
  const { http } = await signUpAndLogIn(stack.http);
  const room = await http.post<{ id: string }>('/chatroom', { title: 'Test' });
  const files = file === undefined ? {} : { files: [(await upload(http, file)).body.id] };
  const sent = await http.post<{ reply: Message }>(`/chatroom/${room.body.id}/message`, { content, ...files });
  const answered = await eventually(async () => {
    const { body } = await http.get<Message>(`/chatroom/${room.body.id}/message/${sent.body.reply.id}`);
    return body.status === 'completed' ? body.content : null;
  }, SLOW_MACHINE);
  return answered ?? '';
}

const modelUsable = async (stack: Stack): Promise<string | undefined> =>
  /^model_usable (\d)$/m.exec(await (await fetch(stack.worker().metricsUrl)).text())?.[1];

describe.each([
  ['generative-ai', /^genai-js/],
  ['genai', /^google-genai-sdk/],
])('any server that speaks the wire format of Gemini, over the SDK %s,', (sdk, client) => {
  const mock = new LLMock({ port: 0 });
  let stack: Stack;
  beforeAll(async () => {
    mock.on({ userMessage: 'Who are you?' }, { content: 'Somebody else 👋🏽.' });
    mock.on({ userMessage: 'What is it?' }, { content: 'A picture.' });
    await mock.start();
    stack = await startStack({ env: { GEMINI_API_KEY: 'any', GEMINI_BASE_URL: mock.url, GEMINI_SDK: sdk } });
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await mock.stop();
  });

  it('answers messages', async () => {
    expect(await ask(stack, 'Who are you?')).toBe('Somebody else 👋🏽.');
    expect(mock.getLastRequest()?.headers['x-goog-api-client']).toMatch(client);
  });

  it('answers what is asked about a picture', async () => {
    const picture = Buffer.concat([png(64, 64), randomBytes(300_000)]);
    expect(await ask(stack, 'What is it?', picture)).toBe('A picture.');
    // Of what it was sent it tells no more, and it has read the JSON to its end.
    const length = Number(mock.getLastRequest()?.headers['content-length']);
    expect(length).toBeGreaterThan(picture.toString('base64').length);
  });
});

describe('a worker whose model does not exist', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ apis: 0, workers: 0 });
    await stack.add('worker', { GEMINI_MODEL: 'gemini-1.5-flash', GEMINI_API_KEY: 'the-secret-key' });
  }, 120_000);
  afterAll(() => stack?.stop());

  it('starts, logs the reason without the key, and shows it as a metric', async () => {
    const line = await eventually(
      () => stack.worker().log.find((each) => each.includes('"gemini-1.5-flash\\" cannot')),
      SLOW_MACHINE,
    );
    expect(line).toContain('HTTP 404: no such model');
    expect(stack.logs()).not.toContain('the-secret-key');
    expect(await modelUsable(stack)).toBe('0');
  });
});

describe('a worker whose key is refused for a while', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ apis: 0, workers: 0 });
    await new GeminiControl(stack.sandboxUrl).script([{ type: 'invalid_key' }, { type: '403' }], { method: 'any' }, 1);
    await stack.add('worker');
  }, 120_000);
  afterAll(() => stack?.stop());

  it('notices by itself when the key is accepted again', async () => {
    await eventually(async () => (await modelUsable(stack)) === '1', SLOW_MACHINE);
    // What it says comes another way than the metric.
    await eventually(() => {
      const said = stack.worker().log.filter((line) => line.includes('ModelWatch'));
      expect(said.map((line) => /API_KEY_INVALID|HTTP 403|can be used again/.exec(line)?.[0])).toEqual([
        'API_KEY_INVALID',
        'HTTP 403',
        'can be used again',
      ]);
      return true;
    });
  });
});
