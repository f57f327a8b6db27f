import { randomBytes, randomInt } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { keysOf, placesOf, rowsOf } from '../support/privacy/stored-data.js';
import type { HttpClient } from '../support/http/http-client.js';
import { leaksIn } from '../support/privacy/leaks.js';
import { type Challenge, newPhone, type Person, sendOtp, type Tokens } from '../support/login.js';
import { openRoom, outcome, send } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';
import { OtlpCollector } from '../support/tracing/otlp-collector.js';

const JWT_SECRET = randomBytes(32).toString('base64');
const OTP_SECRET = randomBytes(32).toString('base64');

/** Ways for the model to go wrong, each of which is worth a log line. */
const BEHAVIOURS = [
  'answer',
  '400',
  '403',
  '500',
  'prompt_blocked',
  'safety',
  'max_tokens',
  'empty',
  'cut',
  'error_mid_stream status=500',
  'malformed',
  'reset',
  'reset_mid_stream',
];

/** It pauses the model, which would keep the others from being tried: it comes when they have ended. */
const RATE_LIMIT = '429 retryAfterMs=50';

describe('private things stay where they belong', () => {
  let stack: Stack;
  let collector: OtlpCollector;
  /** Everything private that this run has made: numbers, codes, tokens, texts, secrets. */
  const secrets = [JWT_SECRET, OTP_SECRET];
  const errors: string[] = [];

  const secret = (text: string): string => {
    secrets.push(text);
    return text;
  };
  const marked = (what: string): string => secret(`${what} ${randomBytes(9).toString('hex')}`);
  /** Makes a call that is to fail, and keeps what it is told. */
  const fail = async (attempt: ReturnType<HttpClient['post']>) => {
    const { status, headers, body } = await attempt;
    expect(status).toBeGreaterThanOrEqual(400);
    errors.push(JSON.stringify([[...headers], body]));
  };

  async function logIn(): Promise<Person> {
    const phone = secret(newPhone());
    await stack.http.post('/auth/signup', { phone, name: marked('Name') });
    const { challengeId, otp }: Challenge = await sendOtp(stack.http, phone);
    await fail(stack.http.post('/auth/verify-otp', { challengeId, otp: '000000' }));
    const { body: tokens } = await stack.http.post<Tokens>('/auth/verify-otp', { challengeId, otp: secret(otp) });
    secrets.push(tokens.accessToken, tokens.refreshToken);
    await fail(stack.http.post('/auth/verify-otp', { challengeId, otp }));
    return { http: stack.http.as(tokens.accessToken), id: tokens.user.id, phone, tokens };
  }

  async function makeTroubleWithTokens({ http, tokens }: Person): Promise<void> {
    const { refreshToken } = tokens;
    for (let rotation = 0, token = refreshToken; rotation < 2; rotation++) {
      const { body } = await stack.http.post<Tokens>('/auth/refresh', { refreshToken: token });
      token = secret(body.refreshToken);
      secrets.push(body.accessToken);
    }
    await fail(stack.http.post('/auth/refresh', { refreshToken }));
    await fail(http.get('/user/me'));
    await fail(http.as(`${tokens.accessToken}x`).get('/user/me'));
    await fail(stack.http.get(`/user/me?token=${tokens.accessToken}`));
  }

  async function makeTroubleWithInput({ http }: Person): Promise<void> {
    await fail(http.patch('/user/me', { name: marked('Wrong'), plan: marked('Plan') }));
    await fail(http.post('/chatroom', { title: marked('Title'), unknown: marked('Value') }));
    await fail(http.post('/chatroom', `{"title": "${marked('Broken')}`));
    await fail(stack.http.post('/auth/signup', { phone: `${secret(newPhone())} or so` }));
    await fail(stack.http.post('/auth/send-otp', { phone: secret(newPhone()), unknown: marked('Value') }));
    await fail(http.get(`/search?q=${encodeURIComponent(marked('Search'))}&limit=1000`));
    await fail(
      stack.http.post('/subscription/webhook/stripe', { id: 'evt_1' }, { 'stripe-signature': marked('t=1,v1=') }),
    );
  }

  beforeAll(async () => {
    collector = await OtlpCollector.start();
    stack = await startStack({
      workers: 0,
      env: { ...collector.env, JWT_SECRET, OTP_SECRET, LOG_LEVEL: 'trace', REPLY_DEADLINE_MS: '3000' },
    });
  });

  it('in logs, traces, metrics, queues, Redis and errors, whatever goes right or wrong', async () => {
    const people = [await logIn(), await logIn()] as const;
    const [writer, troublemaker] = people;
    await makePro(stack.database.url, writer.id);
    await makeTroubleWithInput(writer);
    await makeTroubleWithTokens(troublemaker);

    const texts: string[] = [];
    const ask = async (behaviour: string) => {
      const room = await openRoom(writer.http, { title: marked('Room'), systemInstruction: marked('Instruction') });
      const prompt = marked('Prompt');
      texts.push(prompt);
      return (await send(writer.http, room, `${prompt} [[behaviour:${behaviour}]]`)).reply;
    };
    const replies = [];
    for (const behaviour of BEHAVIOURS) replies.push(await ask(behaviour));

    // Without a worker every job is still in the queue.
    const queued = (await keysOf(stack)).filter(({ where }) => where.startsWith('redis {bull}:'));
    expect(queued.length).toBeGreaterThan(0);
    expect(queued.flatMap(({ text }) => leaksIn(text, secrets))).toEqual([]);

    await stack.add('worker');
    for (const reply of replies) await outcome(writer.http, reply, 60_000);
    await outcome(writer.http, await ask(RATE_LIMIT), 60_000);

    const metrics = await Promise.all(
      [...stack.apis, ...stack.workers].map(async ({ metricsUrl }) => (await fetch(metricsUrl)).text()),
    );
    expect(metrics.flatMap((text) => leaksIn(text, secrets))).toEqual([]);
    expect(errors.flatMap((text) => leaksIn(text, secrets))).toEqual([]);

    const logs = [...stack.apis, ...stack.workers].map(({ log }) => log.join('\n'));
    expect(logs.flatMap((text) => leaksIn(text, secrets))).toEqual([]);
    expect(logs.join('\n').length).toBeGreaterThan(10_000);

    // Of each behaviour of the model there is an attempt in the traces.
    const tracesOf = (name: string) =>
      new Set(collector.spans.flatMap((span) => (span.name.startsWith(name) ? span.traceId : [])));
    await eventually(() => {
      const processed = tracesOf('process gemini-messages');
      expect([...tracesOf('chat ')].filter((traceId) => processed.has(traceId))).toHaveLength(BEHAVIOURS.length + 1);
      return true;
    });
    // Each process exports its spans in batches of its own.
    await eventually(() => collector.spans.some(({ events }) => events.some(({ name }) => name === 'exception')));
    expect(collector.spans.flatMap((span) => leaksIn(JSON.stringify(span), secrets))).toEqual([]);

    // Redis holds the owner's rooms for a while, and the text of a reply that is being read: those it is meant to hold.
    const meant = /^redis (reply:[^:]+:\d+:text|chatrooms?:)/;
    const kept = (await keysOf(stack)).filter(({ where }) => !meant.test(where));
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.flatMap(({ text }) => leaksIn(text, secrets))).toEqual([]);

    // And the search is not blind: what is meant to be in PostgreSQL is found there, tokens and codes are not.
    const rows = await rowsOf(stack.database.url);
    expect(placesOf([writer.phone], rows)).toEqual(['postgresql "user"']);
    expect(placesOf(texts, rows).every((where) => where === 'postgresql message')).toBe(true);
    const tokens = people.flatMap((person) => [person.tokens.accessToken, person.tokens.refreshToken]);
    expect(placesOf([...tokens, JWT_SECRET, OTP_SECRET], rows)).toEqual([]);
  }, 120_000);

  it('when the process that cannot start says why', async () => {
    const env = { JWT_SECRET: secret(`short${randomInt(10_000, 99_999)}`), NODE_ENV: 'production' };
    const start = startStack({ workers: 0, sandbox: false, env });
    const error = await start.then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toContain('JWT_SECRET');
    expect(leaksIn(error?.message ?? '', secrets)).toEqual([]);
  });

  afterAll(async () => {
    await stack.stop();
    await collector.stop();
  });
});
