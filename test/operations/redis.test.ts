import { findProgram, provideRedis } from '../../scripts/services/redis.mjs';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/http/event-stream.js';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, send } from '../support/messages.js';
import { RedisDeployments, type RedisEnvironment } from '../support/deployments/redis-deployments.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

/** What a log says when a command was sent that this Redis doesn't take. */
const REFUSALS = /CROSSSLOT|CrossSlotError|NOPERM|MOVED|READONLY|WRONGTYPE|non local key|Script attempted/;

/** Debug lines, since a job that can't be enqueued is worth no more than one. Sweeps, which would find what isn't enqueued, are rare. */
const ENV = { LOG_LEVEL: 'debug', RATE_LIMIT_SEND_PER_MINUTE: '6', REPLY_SWEEP_MS: '60000' };

/** Servers that are on this machine: Redis in any case, Valkey where it is installed. */
const PROGRAMS = [await provideRedis(() => undefined), await findProgram(['valkey-server'])];
const programs = [...new Set(PROGRAMS.filter((program) => program !== null))];

let servers: RedisDeployments;
let stack: Stack;

afterEach(async () => {
  await stack?.stop();
  await servers?.stop();
});

const start = (redis: RedisEnvironment, env: RedisEnvironment = ENV): Promise<Stack> =>
  startStack({ apis: 2, env: { ...env, ...redis } });

/** The first page of the list, and how often it was found in the cache. */
async function listTwice(http: HttpClient): Promise<void> {
  await eventually(async () => {
    const first = await http.get('/chatroom');
    expect((await http.get('/chatroom')).body).toEqual(first.body);
    const metrics = await (await fetch(stack.api().metricsUrl)).text();
    expect(metrics).toMatch(/chatroom_list_first_pages_total\{result="hit"\} [1-9]/);
    return true;
  });
}

/** A reply that one replica accepts and another one streams while it is written. */
async function streamElsewhere({ http }: Person, room: string): Promise<void> {
  const { reply } = await send(http, room, 'Tell me [[behaviour:answer chunkSize=2 tokensPerSecond=4]]');
  const stream = await EventStream.ofReply(http.at(stack.api(1).url), reply);
  await stream.ended;
  expect(stream.events.filter(({ event }) => event === 'delta').length).toBeGreaterThan(1);
  expect(stream.done).toMatchObject({ status: 'completed', content: stream.text });
}

async function cancel({ http }: Person, room: string): Promise<void> {
  const { reply } = await send(http, room, 'Go on and on [[behaviour:answer chunkSize=1 tokensPerSecond=1]]');
  const stream = await EventStream.ofReply(http.at(stack.api(1).url), reply);
  const { status } = await http.post(`/chatroom/${room}/message/${reply.id}/cancel`);
  expect(status).toBe(200);
  await stream.ended;
  expect(stream.done).toMatchObject({ status: 'cancelled' });
}

/** Paid at Stripe, heard of by a webhook, which enqueues the synchronisation. */
async function buyPro({ http }: Person): Promise<void> {
  const { body } = await http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
  await new StripeControl(stack.sandboxUrl).pay(body.checkoutUrl);
  await eventually(async () => (await http.get('/subscription/status')).body['plan'] === 'pro', { withinMs: 30_000 });
}

async function limitSends({ http }: Person, room: string): Promise<void> {
  const path = `/chatroom/${room}/message`;
  // More than two windows of the limit take, since one may end in between.
  const answers = await Promise.all(Array.from({ length: 13 }, () => http.post(path, { content: 'Hello' })));
  expect(answers.map(({ body }) => body['code'])).toContain('rate_limited');
}

/** Ends a session at one replica while a stream of it is open at another one. */
async function revoke({ http }: Person): Promise<void> {
  const elsewhere = http.at(stack.api(1).url);
  expect((await elsewhere.get('/chatroom')).status).toBe(200);
  expect((await http.post('/auth/logout')).status).toBe(204);
  await eventually(async () => (await elsewhere.get('/chatroom')).status === 401, { withinMs: 1_000 });
}

/** Everything that the product has Redis for. */
async function wholeFlow(): Promise<void> {
  const person = await signUpAndLogIn(stack.http);
  const room = await openRoom(person.http);
  await streamElsewhere(person, room);
  await cancel(person, room);
  await listTwice(person.http);
  await buyPro(person);
  await limitSends(person, room);
  await revoke(person);
}

describe.each(programs)('the whole product on %s', (program) => {
  beforeEach(async () => {
    servers = await RedisDeployments.create(program);
  });

  it('runs over TLS with an authority of its own, as a user of few rights', async () => {
    stack = await start((await servers.managed()).env);
    await wholeFlow();
    expect(stack.logs()).not.toMatch(REFUSALS);
  }, 180_000);

  it('runs on a cluster, as a user of few rights', async () => {
    stack = await start((await servers.cluster()).env);
    await wholeFlow();
    expect(stack.logs()).not.toMatch(REFUSALS);
  }, 180_000);

  it('goes on after a failover that a Sentinel has made', async () => {
    const { env, servers: pair } = await servers.sentinel();
    stack = await start(env, { LOG_LEVEL: 'debug', RATE_LIMIT_SEND_PER_MINUTE: '6' });
    const person = await signUpAndLogIn(stack.http);
    const room = await openRoom(person.http);
    const { reply } = await send(person.http, room, 'Tell me a lot [[behaviour:answer chunkSize=2 tokensPerSecond=5]]');
    const stream = await EventStream.ofReply(person.http, reply);
    await eventually(() => stream.text !== '');
    pair[0]?.process.kill('SIGKILL');
    await stream.ended;
    expect(stream.done).toMatchObject({ status: 'completed', content: stream.text });
    await eventually(() => signUpAndLogIn(stack.http), { withinMs: 30_000 });
    await wholeFlow();
  }, 180_000);
});
