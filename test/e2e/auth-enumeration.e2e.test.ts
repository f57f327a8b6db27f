import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../support/http/http-client.js';
import { type Challenge, newPhone } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

const TIMINGS_PER_SIDE = 500;
const LANES = 10;

/** One call whose time is taken, for a number with an account or one without. */
type Call = (known: boolean, index: number) => Promise<Answer<unknown>>;

interface Sides {
  timings: { known: number[]; unknown: number[] };
  faces: Set<string>;
}

/** Makes the call so often for each side, in random order, a few at once, and notes what can be seen of the answers. */
async function observe(call: Call, perSide = TIMINGS_PER_SIDE, lanes = LANES): Promise<Sides> {
  const sides: Sides = { timings: { known: [], unknown: [] }, faces: new Set() };
  const turns = [true, false]
    .flatMap((known) => Array.from({ length: perSide }, (_, index) => ({ known, index, order: Math.random() })))
    .sort((a, b) => a.order - b.order);
  const lane = async () => {
    for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) {
      const begun = performance.now();
      const answer = await call(turn.known, turn.index);
      sides.timings[turn.known ? 'known' : 'unknown'].push(performance.now() - begun);
      sides.faces.add(faceOf(answer));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return sides;
}

/** All of an answer but what is random in every answer, or counts requests. */
function faceOf({ status, headers, body }: Answer<unknown>): string {
  const changing = ['date', 'x-request-id', 'ratelimit'];
  const text = JSON.stringify(body)
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>')
    .replaceAll(/"\d{6}"/g, '<code>')
    .replaceAll(/\+\d+/g, '<phone>');
  return JSON.stringify([status, [...headers].filter(([name]) => !changing.includes(name)), text]);
}

/**
 * The Kolmogorov-Smirnov test: the largest distance between the two sides' distributions, as a multiple of the distance
 * that equal sides exceed once in ten thousand times.
 */
function distance({ known, unknown }: Sides['timings']): number {
  const share = (side: number[], limit: number) => side.filter((value) => value <= limit).length / side.length;
  const apart = [...known, ...unknown].map((limit) => Math.abs(share(known, limit) - share(unknown, limit)));
  const critical = 2.23 * Math.sqrt((known.length + unknown.length) / (known.length * unknown.length));
  return Math.max(...apart) / critical;
}

function expectNoDifference({ timings, faces }: Sides): void {
  expect(faces.size).toBe(1);
  expect(distance(timings)).toBeLessThan(1);
}

const phones = (count: number): string[] => Array.from({ length: count }, newPhone);

describe('numbers with and without an account cannot be told apart', () => {
  let stack: Stack;
  const known = phones(TIMINGS_PER_SIDE);
  const unknown = phones(TIMINGS_PER_SIDE);
  const challenges: Record<'known' | 'unknown', Challenge[]> = { known: [], unknown: [] };

  beforeAll(async () => {
    const env = { RATE_LIMIT_AUTH_PER_MINUTE: '1000000', RATE_LIMIT_SIGNUP_PER_MINUTE: '1000000' };
    stack = await startStack({ workers: 0, sandbox: false, env });
    for (let from = 0; from < known.length; from += 50) {
      await Promise.all(known.slice(from, from + 50).map((phone) => stack.http.post('/auth/signup', { phone })));
    }
  }, 120_000);
  afterAll(() => stack?.stop());

  it('to the test itself, which sees a difference where there is one', () => {
    const side = (shift: number) => Array.from({ length: TIMINGS_PER_SIDE }, () => shift + Math.random() * 10);
    expect(distance({ known: side(0), unknown: side(2) })).toBeGreaterThan(1);
    expect(distance({ known: side(0), unknown: side(0) })).toBeLessThan(1.2);
  });

  it('when a code is sent', async () => {
    const send: Call = async (isKnown, index) => {
      const phone = (isKnown ? known : unknown)[index];
      const answer = await stack.http.post<Challenge>('/auth/send-otp', { phone });
      challenges[isKnown ? 'known' : 'unknown'].push(answer.body);
      return answer;
    };
    const sides = await observe(send);
    expectNoDifference(sides);
  }, 120_000);

  it('when a code is wrong', async () => {
    const sides = await observe((isKnown, index) => {
      const { challengeId, otp } = challenges[isKnown ? 'known' : 'unknown'][index]!;
      const wrong = String((Number(otp) + 1) % 1_000_000).padStart(6, '0');
      return stack.http.post('/auth/verify-otp', { challengeId, otp: wrong });
    });
    expectNoDifference(sides);
  }, 120_000);

  it('when codes were wrong too often, and when another is asked for too early', async () => {
    for (const phone of [newPhone(), newPhone()]) {
      await stack.http.post('/auth/signup', { phone });
      known.push(phone);
    }
    const faces = await Promise.all(
      [known.at(-1), newPhone()].map(async (phone) => {
        const seen: string[] = [];
        for (let round = 0; round < 3; round++) {
          const answer = await stack.http.post<Challenge>('/auth/send-otp', { phone });
          seen.push(faceOf(answer).replaceAll(/\d{4}/g, ''));
          const { challengeId } = answer.body;
          for (let tried = 0; tried < 6 && challengeId; tried++) {
            seen.push(faceOf(await stack.http.post('/auth/verify-otp', { challengeId, otp: '000000' })));
          }
        }
        return seen;
      }),
    );
    expect(faces[0]).toEqual(faces[1]);
    expect(faces[0]?.at(-1)).toContain('otp_send_limited');
  });

  it('when an account is asked for', async () => {
    const fresh = phones(TIMINGS_PER_SIDE);
    const signUp: Call = (isKnown, index) =>
      stack.http.post('/auth/signup', { phone: (isKnown ? known : fresh)[index], name: 'Ada' });
    const sides = await observe(signUp);
    expectNoDifference(sides);
  }, 120_000);
});

describe('numbers with and without an account cannot be told apart while a provider is slow', () => {
  const PER_SIDE = 300;
  const known = phones(PER_SIDE);
  let stack: Stack;
  let provider: Server;

  beforeAll(async () => {
    provider = createServer((request, response) => {
      request.resume();
      void sleep(randomInt(30, 200)).then(() => response.end());
    });
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
    stack = await startStack({
      workers: 0,
      sandbox: false,
      env: {
        OTP_DELIVERY: 'webhook',
        OTP_WEBHOOK_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
        OTP_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        OTP_SENDS_PER_ADDRESS_HOUR: '10000',
        OTP_SENDS_PER_COUNTRY_HOUR: '10000',
        OTP_SENDS_PER_HOUR: '10000',
      },
    });
    for (let from = 0; from < known.length; from += 50) {
      await Promise.all(known.slice(from, from + 50).map((phone) => stack.http.post('/auth/signup', { phone })));
    }
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    provider?.close();
  });

  it('when a code is sent', async () => {
    const sides = await observe(
      (isKnown, index) => stack.http.post('/auth/send-otp', { phone: isKnown ? known[index] : newPhone() }),
      PER_SIDE,
    );
    expectNoDifference(sides);
    const median = sides.timings.unknown.sort((a, b) => a - b)[PER_SIDE / 2];
    expect(median).toBeGreaterThan(100);
  }, 120_000);
});
