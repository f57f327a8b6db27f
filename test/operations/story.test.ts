import { randomUUID } from 'node:crypto';
import { REPLY_QUEUE } from '@app/contracts';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import type { Person } from '../support/login.js';
import { type Accepted, callsFor, type Message, openRoom, outcome, script, send } from '../support/messages.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';
import { OtlpCollector } from '../support/tracing/otlp-collector.js';

type Line = Record<string, unknown> & { process?: string; msg?: string };

const SEND = 'POST /chatroom/:id/message';
const ENQUEUE = `send ${REPLY_QUEUE.queue}`;
const PROCESS = `process ${REPLY_QUEUE.queue}`;

let collector: OtlpCollector;
let stack: Stack;
let person: Person;
let http: HttpClient;
let room: string;

beforeAll(async () => {
  collector = await OtlpCollector.start();
  // A lease that a busy machine keeps: a reply whose lease has expired has one more attempt in its story.
  const env = { ...collector.env, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=s%3Decret', REPLY_LEASE_MS: '10000' };
  ({ stack, person } = await startReplyStack({ env }));
  ({ http } = person);
  room = await openRoom(http);
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await collector?.stop();
});

/** All that the processes have logged. */
const allLines = (): string[] => [...stack.apis, ...stack.workers].flatMap(({ log }) => log);

/** What `grep REQUEST_ID` finds in the logs. */
const grep = (requestId: string): Line[] =>
  allLines()
    .filter((line) => line.includes(requestId))
    .map((line) => JSON.parse(line) as Line);

/** The lines of a request as a table of contents: who wrote what about which attempt. */
const chaptersOf = (requestId: string): string[] =>
  grep(requestId)
    .filter(({ context }) => context === 'Reply' || context === 'Access')
    .map(({ process, msg, route, attempt, status }) =>
      [process, msg ?? route, attempt ?? '', msg === 'reply ended' ? status : ''].join(' ').trim(),
    );

const ACCEPTED = ['api reply accepted', 'api /chatroom/:id/message'];

/** Waits until the logs tell this of a request: each process writes its own, and the API after it has answered. */
const untilTold = (requestId: string, chapters: string[]): Promise<boolean> =>
  eventually(
    () => {
      expect(chaptersOf(requestId)).toEqual(chapters);
      return true;
    },
    { withinMs: 60_000 },
  );

/** A message under a request id of its own. */
async function sendAs(requestId: string, content: string, headers: Record<string, string> = {}): Promise<Message> {
  const answer = await http.post<Accepted>(
    `/chatroom/${room}/message`,
    { content },
    { 'x-request-id': requestId, ...headers },
  );
  expect(answer.status).toBe(202);
  return answer.body.reply;
}

const untilEnded = (requestId: string): Promise<boolean> =>
  eventually(() => grep(requestId).some(({ msg }) => msg === 'reply ended'), { withinMs: 60_000 });

describe('a message', () => {
  const requestId = `plain-${randomUUID()}`;
  let reply: Message;

  beforeAll(async () => {
    reply = await sendAs(requestId, 'What is a story?');
    await untilEnded(requestId);
    await eventually(() => chaptersOf(requestId).includes('api /chatroom/:id/message'));
  }, 90_000);

  it('is found whole by its request id: accepted, answered with 202, claimed, ended', () => {
    expect(chaptersOf(requestId)).toEqual([...ACCEPTED, 'worker reply claimed 1', 'worker reply ended 1 completed']);
  });

  it('has ids, model, tokens and durations in its lines, and who wrote them', () => {
    const own = { requestId, userId: person.id, chatroomId: room, replyId: reply.id, plan: 'pro' };
    const [accepted, , claimed, ended] = grep(requestId);
    expect(accepted).toMatchObject({ ...own, level: 'info', by: 'send' });
    expect(claimed).toMatchObject({ ...own, attempt: 1, model: expect.any(String), waitedMs: expect.any(Number) });
    expect(ended).toMatchObject({
      ...own,
      ...{ attempt: 1, status: 'completed', code: null, finishReason: 'STOP', isEstimate: false },
      ...{ promptTokens: expect.any(Number), replyTokens: expect.any(Number), thoughtTokens: expect.any(Number) },
    });
    const { waitedMs, firstWordMs, totalMs } = ended as Record<string, number>;
    expect(0 <= waitedMs! && waitedMs! <= firstWordMs! && firstWordMs! <= totalMs!).toBe(true);
    const writers = new Set(
      grep(requestId).map(({ process, instance, version }) => [process, instance, version].join()),
    );
    expect([...writers]).toEqual([
      expect.stringMatching(/^api,.+-[0-9a-f]{12},\d+\.\d+\.\d+$/),
      expect.stringMatching(/^worker,.+-[0-9a-f]{12},\d+\.\d+\.\d+$/),
    ]);
  });

  it('is one trace, from the request over the queue to the model', async () => {
    const model = String(grep(requestId).at(-1)?.['model']);
    const names = [SEND, ENQUEUE, PROCESS, 'message_send', 'reply_finish', `chat ${model}`];
    const trace = await collector.traceOf(requestId, ...names);
    expect(trace.pathTo(trace.only(`chat ${model}`))).toEqual([SEND, ENQUEUE, PROCESS, `chat ${model}`]);
    expect(trace.pathTo(trace.only('message_send'))).toEqual([SEND, 'message_send']);
    expect(trace.pathTo(trace.only('reply_finish'))).toEqual([SEND, ENQUEUE, PROCESS, 'reply_finish']);
    expect(trace.spans.map(({ kind, name }) => [name, kind])).toEqual(
      expect.arrayContaining([
        [SEND, 'server'],
        ['message_send', 'client'],
        [ENQUEUE, 'producer'],
        [PROCESS, 'consumer'],
        [`chat ${model}`, 'client'],
      ]),
    );
    expect(trace.only(SEND)).toMatchObject({
      parentId: '',
      isError: false,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/chatroom/:id/message',
        'http.response.status_code': 202,
        'user.id': person.id,
      },
      resource: { 'service.name': 'gemini-chat-api', 'service.instance.id': grep(requestId)[0]?.['instance'] },
    });
    expect(trace.only(PROCESS)).toMatchObject({
      attributes: { 'app.reply.id': reply.id, 'app.reply.attempt': 1, 'app.reply.outcome': 'completed' },
      resource: { 'service.name': 'gemini-chat-worker' },
    });
    expect(trace.only(`chat ${model}`)).toMatchObject({
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'gcp.gemini',
        'gen_ai.request.model': model,
        'gen_ai.conversation.id': room,
        'gen_ai.response.finish_reasons': ['STOP'],
        'gen_ai.usage.input_tokens': grep(requestId).at(-1)?.['promptTokens'],
        'gen_ai.response.time_to_first_chunk': expect.any(Number),
      },
      events: [{ name: 'gen_ai.first_token' }],
    });
  });

  it('names its trace in its lines', async () => {
    const { traceId } = (await collector.traceOf(requestId, SEND, PROCESS)).only(SEND);
    expect(new Set(grep(requestId).map((line) => line['traceId']))).toEqual(new Set([traceId]));
  });
});

describe('the story goes on under the same request id, and in the same trace,', () => {
  it('in the next attempt after a failure of the model', async () => {
    const requestId = `retried-${randomUUID()}`;
    await script(stack, 'Fail once', [{ type: '503' }, { type: 'answer' }], 1);
    await sendAs(requestId, 'Fail once');
    await untilEnded(requestId);
    await untilTold(requestId, [
      ...ACCEPTED,
      'worker reply claimed 1',
      'worker reply released 1',
      'worker reply claimed 2',
      'worker reply ended 2 completed',
    ]);
    const released = grep(requestId).find(({ msg }) => msg === 'reply released');
    expect(released).toMatchObject({ code: 'model_unavailable', counted: true, dueInMs: expect.any(Number) });
    const model = String(released?.['model']);
    const trace = await eventually(async () => {
      const found = await collector.traceOf(requestId, 'reply_finish');
      expect(found.named(PROCESS)).toHaveLength(2);
      expect(found.named(`chat ${model}`)).toHaveLength(2);
      return found;
    });
    expect(trace.named(`chat ${model}`).map(({ isError, attributes }) => [isError, attributes['error.type']])).toEqual([
      [true, 'unavailable'],
      [false, undefined],
    ]);
  }, 120_000);

  it('when the worker is killed while it writes', async () => {
    const requestId = `killed-${randomUUID()}`;
    await script(stack, 'Outlive your worker', [{ type: 'hang' }, { type: 'answer' }], 1);
    await sendAs(requestId, 'Outlive your worker');
    await eventually(async () => (await callsFor(stack, 'Outlive your worker')).length === 1);
    await stack.worker().kill('SIGKILL');
    await stack.worker().restart();
    await untilEnded(requestId);
    await untilTold(requestId, [
      ...ACCEPTED,
      'worker reply claimed 1',
      'worker reply claimed 2',
      'worker reply ended 2 completed',
    ]);
    const [first, second] = grep(requestId).filter(({ msg }) => msg === 'reply claimed');
    expect(first?.['instance']).not.toBe(second?.['instance']);
    const trace = await collector.traceOf(requestId, SEND, ENQUEUE, PROCESS, 'reply_finish');
    expect(trace.only(PROCESS).attributes).toMatchObject({ 'app.reply.attempt': 2, 'app.reply.outcome': 'completed' });
    expect(trace.pathTo(trace.only(PROCESS))[0]).toBe(SEND);
  }, 120_000);

  it('when Redis loses the job, and the sweep finds the reply', async () => {
    const requestId = `lost-${randomUUID()}`;
    await stack.worker().kill('SIGSTOP');
    const reply = await sendAs(requestId, 'Outlive your job');
    const redis = new Redis(stack.redis);
    try {
      await eventually(async () => (await redis.keys(`{bull}:${REPLY_QUEUE.queue}:${reply.id}-*`)).length > 0);
      await redis.flushdb();
    } finally {
      redis.disconnect();
      await stack.worker().kill('SIGCONT');
    }
    await untilEnded(requestId);
    await untilTold(requestId, [...ACCEPTED, 'worker reply claimed 1', 'worker reply ended 1 completed']);
    const trace = await collector.traceOf(requestId, SEND, PROCESS, 'reply_finish');
    // The job of the sweep belongs to no trace: what it brings follows from the request itself.
    expect(trace.pathTo(trace.only('reply_finish'))).toEqual([SEND, PROCESS, 'reply_finish']);
  }, 120_000);

  it('when another reply of the user had to end first', async () => {
    const requestId = `second-${randomUUID()}`;
    await script(stack, 'Take your time', [{ type: 'answer', latencyMs: 4_000 }]);
    await sendAs(`first-${randomUUID()}`, 'Take your time');
    await sendAs(requestId, 'And then?');
    await untilEnded(requestId);
    await untilTold(requestId, [...ACCEPTED, 'worker reply claimed 1', 'worker reply ended 1 completed']);
    const trace = await collector.traceOf(requestId, SEND, ENQUEUE, PROCESS, 'reply_finish');
    expect(trace.pathTo(trace.only('reply_finish'))[0]).toBe(SEND);
  }, 120_000);
});

it('a variant has a story of its own, under the request that asked for it', async () => {
  const { reply } = await send(http, room, 'Say it again');
  await outcome(http, reply);
  const requestId = `again-${randomUUID()}`;
  const path = `/chatroom/${room}/message/${reply.id}/regenerate`;
  const answer = await http.post<{ reply: Message }>(path, undefined, { 'x-request-id': requestId });
  expect(answer.status).toBe(202);
  await untilEnded(requestId);
  await untilTold(requestId, [
    'api reply accepted',
    'api /chatroom/:id/message/:replyId/regenerate',
    'worker reply claimed 1',
    'worker reply ended 1 completed',
  ]);
}, 120_000);

it('a reply that is cancelled before a worker has it ends under its own request id, which names that of the cancellation', async () => {
  const requestId = `cancelled-${randomUUID()}`;
  const cancelId = `cancels-${randomUUID()}`;
  await stack.worker().kill('SIGSTOP');
  const reply = await sendAs(requestId, 'Never mind');
  await http.post(`/chatroom/${room}/message/${reply.id}/cancel`, undefined, { 'x-request-id': cancelId });
  await stack.worker().kill('SIGCONT');
  await untilTold(requestId, [...ACCEPTED, 'api reply ended  cancelled']);
  expect(grep(cancelId)).toContainEqual(expect.objectContaining({ requestId, cancelRequestId: cancelId }));
}, 90_000);

it('a fault that is logged as an error is an exception of the span in which it happened', async () => {
  const requestId = `fault-${randomUUID()}`;
  await script(stack, 'Refuse the key', [{ type: '403' }], 1);
  await sendAs(requestId, 'Refuse the key');
  await untilEnded(requestId);
  const line = grep(requestId).find(({ level }) => level === 'error');
  const trace = await collector.traceOf(requestId, PROCESS);
  expect(trace.only(PROCESS)).toMatchObject({
    isError: true,
    events: [{ name: 'exception', attributes: { 'exception.message': line?.msg } }],
  });
}, 90_000);

it("a client's trace is linked to, and not followed: it decides nothing here", async () => {
  const requestId = `linked-${randomUUID()}`;
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  await sendAs(requestId, 'Follow me', { traceparent: `00-${traceId}-${spanId}-00` });
  const trace = await collector.traceOf(requestId, SEND);
  expect(trace.only(SEND)).toMatchObject({ parentId: '', links: [`${traceId}-${spanId}`] });
});

it('every line of every process is JSON, with version and instance', () => {
  const lines = allLines().map((line) => JSON.parse(line) as Line);
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.filter(({ version, instance }) => version === undefined || instance === undefined)).toEqual([]);
});

it('the headers for the collector reach it, and no log', async () => {
  await eventually(() => collector.requests.some((headers) => headers['x-key'] === 's=ecret'));
  expect(allLines().filter((line) => /s(=|%3D)ecret/.test(line))).toEqual([]);
});

it('what has not been exported yet is at the shutdown', async () => {
  await stack.api().restart({ OTEL_BSP_SCHEDULE_DELAY: '600000' });
  const requestId = `last-${randomUUID()}`;
  await http.get('/chatroom', { 'x-request-id': requestId });
  await stack.api().kill('SIGTERM');
  expect((await collector.traceOf(requestId, 'GET /chatroom')).only('GET /chatroom').parentId).toBe('');
  await stack.api().restart({ OTEL_BSP_SCHEDULE_DELAY: '100' });
}, 120_000);

it('a collector that is away disturbs nothing, and is mentioned once', async () => {
  await collector.stop();
  for (const content of ['Anyone there?', 'And now?', 'And now again?']) {
    expect((await outcome(http, (await send(http, room, content)).reply)).status).toBe('completed');
  }
  const complaints = (): Line[] =>
    stack
      .worker()
      .log.filter((line) => line.includes('cannot be exported'))
      .map((line) => JSON.parse(line) as Line);
  await eventually(() => complaints().length > 0, { withinMs: 30_000 });
  expect(complaints()).toHaveLength(1);
  expect(complaints()[0]).toMatchObject({ level: 'warn', context: 'Tracing' });
}, 120_000);
