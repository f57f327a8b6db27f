import type { Conversation } from '@gemini-chat/client';
import fc from 'fast-check';
import { eventually } from '../support/eventually.js';
import type { Answer, HttpClient } from '../support/http/http-client.js';
import { newPhone, type Person, signUpAndLogIn } from '../support/login.js';
import { type Message, openRoom, quotaOf } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';
import { QuotaOracle } from './quota-oracle.js';

/** How many random histories are played: `QUOTA_RUNS=200 npm test -- quota-law` is a soak of some minutes. */
const RUNS = Number(process.env['QUOTA_RUNS'] ?? 8);
const TIME_MS = 60_000 + RUNS * 12_000;

const LIMIT = 5;
const PEOPLE = 4;
/** The models of each person's rooms. One is over its rate in part of its calls, which holds up its own room alone. */
const MODELS = ['gemini-flash-latest', 'gemini-flash-latest', 'gemini-2.5-flash'];
const LIMITED_ROOM = 2;

/** Every way for an answer to end, with text and without; endless ones are ended by their deadline or by their reader. */
const BEHAVIOURS = [
  'answer',
  'answer tokensPerSecond=200',
  'answer tokensPerSecond=5 chunkSize=4',
  'answer latencyMs=300',
  'max_tokens afterChunks=4',
  'max_tokens_empty',
  'safety afterChunks=4',
  'safety afterChunks=0',
  'recitation',
  'prompt_blocked',
  'empty',
  'thoughts',
  'cut afterChunks=1',
  'cut afterChunks=0',
  'hang_mid_stream',
  'hang',
  'reset',
  '400',
  '403',
  '503',
];

type Action =
  | { kind: 'send' | 'edit'; who: number; room: number; behaviour: string; at: number }
  | { kind: 'regenerate' | 'cancel' | 'fork' | 'deleteRoom'; who: number; room: number; at: number }
  | { kind: 'deleteAccount'; who: number; at: number };

const who = fc.nat({ max: PEOPLE - 1 });
const room = fc.nat({ max: MODELS.length - 1 });
const at = fc.nat({ max: 1 });
const asking = (kind: 'send' | 'edit') =>
  fc.record({ kind: fc.constant(kind), who, room, at, behaviour: fc.constantFrom(...BEHAVIOURS) });
const overRate = fc.record({
  ...{ kind: fc.constant('send' as const), who, room: fc.constant(LIMITED_ROOM), at },
  behaviour: fc.constantFrom('429 retryAfterMs=200', '429 retryAfterMs=2000'),
});
const onRoom = (kind: 'regenerate' | 'cancel' | 'fork' | 'deleteRoom') =>
  fc.record({ kind: fc.constant(kind), who, room, at });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: asking('send') },
  { weight: 4, arbitrary: asking('edit') },
  { weight: 1, arbitrary: overRate },
  { weight: 3, arbitrary: onRoom('regenerate') },
  { weight: 3, arbitrary: onRoom('cancel') },
  { weight: 2, arbitrary: onRoom('fork') },
  { weight: 2, arbitrary: onRoom('deleteRoom') },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deleteAccount' as const), who, at }) },
);
/** What happens at the same time, and how long until the next of it. */
const wave = fc.record({ actions: fc.array(action, { minLength: 4, maxLength: 16 }), pauseMs: fc.nat({ max: 400 }) });

type Latest = Record<'question' | 'reply', string>;

/** A person who goes on with the same number, whatever becomes of the account. */
interface Player {
  phone: string;
  person: Person | null;
  rooms: (string | undefined)[];
  /** The ids of the latest question and of the latest reply of each room. */
  latest: (Latest | undefined)[];
}

let stack: Stack;
let oracle: QuotaOracle;

beforeAll(async () => {
  await dayWithTimeLeft(TIME_MS);
  const env = {
    PLANS_FILE: twoModels(),
    BASIC_DAILY_MESSAGES: String(LIMIT),
    REPLY_LEASE_MS: '2000',
    REPLY_RETRY_BASE_MS: '20',
    REPLY_MAX_ATTEMPTS: '2',
    REPLY_DEADLINE_MS: '1500',
    GEMINI_FIRST_BYTE_TIMEOUT_MS: '500',
    GEMINI_IDLE_TIMEOUT_MS: '400',
    RATE_LIMIT_AUTH_PER_MINUTE: '100000',
    RATE_LIMIT_SIGNUP_PER_MINUTE: '100000',
    OTP_SENDS_PER_ADDRESS_HOUR: '1000000',
    OTP_SENDS_PER_COUNTRY_HOUR: '1000000',
    OTP_SENDS_PER_HOUR: '1000000',
  };
  stack = await startStack({ apis: 2, env });
  oracle = await QuotaOracle.start(stack.database.url, LIMIT);
}, TIME_MS + 120_000);

afterAll(async () => {
  await oracle?.stop();
  await stack?.stop();
});

const twoModels = (): string =>
  plansFile(({ models, plans }) => {
    models['gemini-2.5-flash'] = { label: 'Limited' };
    plans.basic.models.push('gemini-2.5-flash');
  });

/** Gives the player an account and rooms, where one was deleted. */
async function equip(player: Player): Promise<void> {
  if (player.person === null) {
    player.person = await signUpAndLogIn(stack.http, player.phone);
    oracle.knows(player.phone, player.person.id);
    player.rooms = [];
    player.latest = [];
  }
  for (const [i, model] of MODELS.entries()) player.rooms[i] ??= await openRoom(player.person.http, { model });
}

const ALLOWED = new Set([200, 201, 202, 204, 401, 404, 409, 429]);

/** Does it, on whichever replica; what the product may refuse it may refuse. */
async function perform(step: Action, players: Player[]): Promise<void> {
  const player = players[step.who]!;
  const http = player.person!.http.at(stack.api(step.at).url);
  const { status, body } = await request(step, player, http);
  if (ALLOWED.has(status)) return;
  const { requestId = 'none' } = body as { requestId?: string };
  const lines = stack.apis.flatMap(({ log }) => log.filter((line) => line.includes(requestId)));
  throw new Error(`${step.kind} answered ${status}: ${JSON.stringify(body)}\n${lines.join('\n')}`);
}

async function request(step: Action, player: Player, http: HttpClient): Promise<Answer<unknown>> {
  if (step.kind === 'deleteAccount') {
    const answer = await http.delete('/user/me');
    if (answer.status === 204) player.person = null;
    return answer;
  }
  const id = player.rooms[step.room];
  const path = `/chatroom/${id}`;
  const latest = player.latest[step.room] ?? { question: player.person?.id, reply: player.person?.id };
  switch (step.kind) {
    case 'deleteRoom':
      player.rooms[step.room] = undefined;
      player.latest[step.room] = undefined;
      return http.delete(path);
    case 'send':
    case 'edit': {
      const content = `Hello [[behaviour:${step.behaviour}]] ${'and more '.repeat(20)}`;
      const target = step.kind === 'send' ? 'message' : `message/${latest.question}/edit`;
      const answer = await http.post<{ message: Message; reply: Message }>(`${path}/${target}`, { content });
      const { message, reply } = answer.body;
      if (answer.status === 202) note(player, step.room, id, { question: message.id, reply: reply.id });
      return answer;
    }
    case 'regenerate': {
      const answer = await http.post<{ reply: Message }>(`${path}/message/${latest.reply}/regenerate`);
      const { reply } = answer.body;
      if (answer.status === 202) note(player, step.room, id, { question: reply.replyTo!, reply: reply.id });
      return answer;
    }
    case 'cancel':
      return http.post(`${path}/message/${latest.reply}/cancel`);
    case 'fork':
      return fork(player, step.room, http, latest.reply);
  }
}

/** Keeps in mind what stands last, unless the person has left the room meanwhile. */
function note(player: Player, index: number, room: string | undefined, latest: Latest): void {
  if (player.rooms[index] === room) player.latest[index] = latest;
}

/** The person goes on in the copy, where its last question can be edited and its last reply be regenerated. */
async function fork(
  player: Player,
  index: number,
  http: HttpClient,
  messageId: string | undefined,
): Promise<Answer<unknown>> {
  const answer = await http.post<{ id: string }>(`/chatroom/${player.rooms[index]}/fork`, { messageId });
  if (answer.status !== 201) return answer;
  const { status, body } = await http.get<Conversation>(`/chatroom/${answer.body.id}`);
  if (status !== 200) return { ...answer, status };
  const [question, reply] = body.messages.slice(-2);
  player.rooms[index] = answer.body.id;
  player.latest[index] = { question: question!.id, reply: reply!.id };
  return answer;
}

/** Once each reply has its final state, each person has spent what the law says, in whichever accounts. */
async function expectTheLaw(players: Player[]): Promise<void> {
  const isQuiet = async (): Promise<void> => expect(await oracle.unfinished()).toEqual([]);
  await eventually(() => isQuiet().then(() => true), { withinMs: 40_000 });
  await Promise.all(players.map(equip));
  for (const { phone, person } of players) {
    const cost = await oracle.costOf(phone);
    for (const index of [0, 1]) {
      const quota = await quotaOf(person!.http.at(stack.api(index).url));
      expect(quota).toMatchObject({ limit: LIMIT, used: cost, remaining: LIMIT - cost });
    }
  }
  expect([...oracle.violations]).toEqual([]);
}

describe('the daily quota', () => {
  it(
    'is what the law says at every quiet moment, and is never exceeded, whatever its users do on two replicas',
    async () => {
      const history = fc.array(wave, { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(history, async (waves) => {
          const players = Array.from({ length: PEOPLE }, (): Player => {
            return { phone: newPhone(), person: null, rooms: [], latest: [] };
          });
          for (const { actions, pauseMs } of waves) {
            await Promise.all(players.map(equip));
            await Promise.all(actions.map((step) => perform(step, players)));
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
          }
          await expectTheLaw(players);
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
    TIME_MS,
  );
});
