import { Redis } from 'ioredis';
import { provideRedis } from '../../scripts/services/redis.mjs';
import { type RedisDeployment, RedisDeployments } from '../support/deployments/redis-deployments.js';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/http/event-stream.js';
import { type Challenge, type Person, sendOtp } from '../support/login.js';
import { openRoom, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

// docs/redis.md says which keys each server has when queue, streams and limits have one each.

const KEYS = {
  shared: /^chatroom-(list|walks):/,
  queue: /^\{bull\}:/,
  streams: /^reply:/,
  limits: /^(rate:|slots:|\{otp\})/,
};
type Part = keyof typeof KEYS;
const PARTS = Object.keys(KEYS) as Part[];

/** What start checks and health write everywhere. */
const PROBES = ['rate:probe', '{bull}:probe'];

let deployments: RedisDeployments;
let servers: Record<Part, RedisDeployment>;
let stack: Stack;
let person: Person;
let room: string;

const clientOf = (part: Part): Redis => new Redis({ host: '127.0.0.1', ...servers[part].servers[0]!.reach });

async function on<T>(part: Part, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = clientOf(part);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

beforeAll(async () => {
  deployments = await RedisDeployments.create(await provideRedis(() => undefined));
  const [shared, queue, streams, limits] = await Promise.all(PARTS.map(() => deployments.single()));
  servers = { shared: shared!, queue: queue!, streams: streams!, limits: limits! };
  const urlOf = ({ reach: { port, password } }: RedisDeployment['servers'][number]) =>
    `redis://:${password}@127.0.0.1:${port}`;
  const env = {
    ...servers.shared.env,
    QUEUE_REDIS_URL: urlOf(servers.queue.servers[0]!),
    STREAMS_REDIS_URL: urlOf(servers.streams.servers[0]!),
    LIMITS_REDIS_URL: urlOf(servers.limits.servers[0]!),
  };
  stack = await startStack({ apis: 2, workers: 2, env });
  person = await proUser(stack);
  room = await openRoom(person.http);
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await deployments?.stop();
});

/** Sends a message through one API, and reads the answer to its end from the other. */
async function talk(): Promise<void> {
  const { reply } = await send(person.http, room, 'Tell me something');
  const stream = await EventStream.ofReply(person.http.at(stack.api(1).url), reply);
  await stream.ended;
  expect(stream.events.at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
}

it('each server has the keys of its part alone', async () => {
  await talk();
  await person.http.get('/chatroom');
  for (const part of PARTS) {
    const keysOf = async () => (await on(part, (redis) => redis.keys('*'))).filter((key) => !PROBES.includes(key));
    // The jobs are done, but BullMQ's own keys stay; what was written is kept for minutes. The list is cached behind the answer.
    await eventually(async () => (await keysOf()).length > 0);
    expect((await keysOf()).filter((key) => !KEYS[part].test(key))).toEqual([]);
  }
});

it('each server that is another one is watched', async () => {
  for (const { metricsUrl } of [stack.api(), stack.worker()]) {
    // A probe that a busy machine answers late counts as failed until the next one.
    await eventually(async () => {
      const text = await (await fetch(metricsUrl)).text();
      const up = Array.from(text.matchAll(/^dependency_up\{dependency="(\w+)"\} 1$/gm), ([, name]) => name);
      expect(up.sort()).toEqual(['limits', 'postgresql', 'queue', 'redis', 'streams']);
      return true;
    });
  }
});

it.each(PARTS)(
  'what the server of %s forgets ends no session, and keeps no message from being answered',
  async (part) => {
    await on(part, (redis) => redis.flushall());
    expect((await person.http.get('/user/me')).status).toBe(200);
    await talk();
  },
);

it('codes that were sent are forgotten with the limits, and by no other server', async () => {
  const verify = ({ challengeId, otp }: Challenge) => stack.http.post('/auth/verify-otp', { challengeId, otp });
  const [kept, forgotten] = [await sendOtp(stack.http, person.phone), await sendOtp(stack.http, person.phone)];
  for (const part of PARTS.filter((each) => each !== 'limits')) await on(part, (redis) => redis.flushall());
  expect((await verify(kept)).status).toBe(200);
  await on('limits', (redis) => redis.flushall());
  expect((await verify(forgotten)).status).toBe(401);
});

it('a server of streams that is away shows in health, and answers come all the same', async () => {
  servers.streams.servers[0]!.process.kill('SIGSTOP');
  try {
    const { reply } = await send(person.http, room, 'Are you there?');
    await eventually(
      async () => {
        const { body } = await person.http.get<{ status: string }>(`/chatroom/${room}/message/${reply.id}`);
        return body.status === 'completed';
      },
      { withinMs: 20_000 },
    );
    await eventually(async () => {
      const text = await (await fetch(stack.api().metricsUrl)).text();
      return text.includes('dependency_up{dependency="streams"} 0');
    });
    await eventually(() => {
      expect(stack.api().log.join('\n')).toContain('Redis of streams is down');
      return true;
    });
  } finally {
    servers.streams.servers[0]!.process.kill('SIGCONT');
  }
}, 60_000);
