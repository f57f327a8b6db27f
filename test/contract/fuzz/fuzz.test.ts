import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import type { Answer } from '../../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../../support/login.js';
import { openRoom, outcome, send } from '../../support/messages.js';
import { type Stack, startStack } from '../../support/stack.js';
import { ApiDescription } from '../description.js';
import { RawClient, type RawRequest } from './raw-client.js';
import { type Caller, type FuzzedRequest, fuzzedRequests, rawRequest } from './requests.js';

/** `FUZZ_REQUESTS` and `FUZZ_SEED` make it longer, or the same once more. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? '5000');
const SEED = Number(process.env['FUZZ_SEED'] ?? randomInt(1_000_000));
const AT_ONCE = 8;
/** After so many requests the two users get what they have deleted anew. */
const RENEW_EVERY = 250;
const UNHEARD = '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20';

const api = new ApiDescription();
const KINDS = ['AUTH', 'SEND', 'READ', 'SHARED', 'WRITE', 'SIGNUP', 'CHECKOUT', 'ANONYMOUS'];
const unlimited = Object.fromEntries(KINDS.map((kind) => [`RATE_LIMIT_${kind}_PER_MINUTE`, '1000000']));

/** What is wrong with answers: of many alike the first. */
class Flaws {
  readonly list: string[] = [];
  /** By which the product's log tells more. */
  readonly requestIds: string[] = [];
  private readonly kinds = new Set<string>();

  add(
    what: string,
    { caller, path }: FuzzedRequest,
    request: RawRequest,
    answer: Answer<unknown> | string | null,
  ): void {
    const status = typeof answer === 'object' ? answer?.status : undefined;
    const kind = `${what} ${request.method} ${path} ${status}`;
    if (this.kinds.has(kind)) return;
    this.kinds.add(kind);
    if (typeof answer === 'object') this.requestIds.push(answer?.headers.get('x-request-id') ?? 'none');
    const told = typeof answer === 'object' ? JSON.stringify(answer?.body) : answer;
    const parts = [JSON.stringify(request.headers), request.body?.toString(), told].map((part) => part?.slice(0, 300));
    this.list.push(`${kind}: ${caller} ${request.target.slice(0, 300)} ${parts.join(' ')}`);
  }
}

/** One of the two users, with something of each kind, all of which holds a word that only this user has written. */
class Subject {
  person!: Person;
  ids: Record<string, string> = {};
  /** What no other caller may be told. */
  readonly secrets = new Set<string>();

  constructor(
    private readonly stack: Stack,
    readonly word: string,
  ) {
    this.secrets.add(word);
  }

  /** Makes what is missing: the account, a session, a room, a message with its reply. */
  async renew(): Promise<void> {
    const alive = this.person !== undefined && (await this.person.http.get('/user/me')).status === 200;
    if (!alive) {
      this.person = await signUpAndLogIn(this.stack.http);
      this.secrets.add(this.person.phone);
      this.secrets.add(this.person.id);
    }
    const { http } = this.person;
    const room = await openRoom(http, { title: `Room of ${this.word}` });
    const { message, reply } = await send(http, room, `Say ${this.word}`);
    await outcome(http, reply);
    const { body: share } = await http.post<{ token: string }>(`/chatroom/${room}/share`);
    this.ids = { id: room, messageId: message.id, replyId: reply.id, token: share.token, plan: 'pro' };
    [room, message.id, reply.id].forEach((id) => this.secrets.add(id));
  }
}

describe(`${REQUESTS} requests drawn from the description of the API (seed ${SEED})`, () => {
  let stack: Stack;
  let client: RawClient;
  let subjects: Record<'owner' | 'other', Subject>;
  const flaws = new Flaws();

  beforeAll(async () => {
    stack = await startStack({ env: { ...unlimited, STREAMS_PER_USER: '1000', BASIC_DAILY_MESSAGES: '1000000' } });
    client = new RawClient(stack.url);
    subjects = { owner: new Subject(stack, 'zebrafinch'), other: new Subject(stack, 'quetzalbird') };
  }, 120_000);
  afterAll(async () => {
    client?.close();
    await stack?.stop();
  });

  function prepared(fuzzed: FuzzedRequest): RawRequest {
    const { caller, ids } = fuzzed;
    const given: Record<string, string> =
      ids === 'unheard'
        ? { id: UNHEARD, messageId: UNHEARD, replyId: UNHEARD, token: 'A'.repeat(32), plan: 'none' }
        : {};
    const whose = ids === 'other' ? subjects.other.ids : subjects.owner.ids;
    const token = caller === 'unknown' ? null : subjects[caller].person.tokens.accessToken;
    return rawRequest(fuzzed, { ...whose, ...given }, token);
  }

  /** Words that the answer must not hold, since the caller is somebody else. */
  function foreignSecrets(caller: Caller, request: RawRequest): string[] {
    const others = (['owner', 'other'] as const).filter((name) => name !== caller);
    const sent = `${request.target} ${JSON.stringify(request.headers)} ${request.body?.toString() ?? ''}`;
    return others.flatMap((name) => [...subjects[name].secrets]).filter((secret) => !sent.includes(secret));
  }

  async function check(fuzzed: FuzzedRequest): Promise<void> {
    const request = prepared(fuzzed);
    const answer = await client.send(request).catch((error: unknown) => String(error));
    const flaw = (what: string) => flaws.add(what, fuzzed, request, answer);
    if (answer === null) return void flaw('no answer');
    if (typeof answer === 'string') return void flaw(answer);
    if (answer.status >= 500) flaw('a fault');
    const route = api.routeOf(request.method, request.target.split('?')[0] ?? '');
    const described = route === null ? undescribedFlaw(request, answer.status) : api.flawOf(route, answer);
    if (described !== '') flaw(described);
    // A shared conversation is for everyone who has its link.
    if (fuzzed.path === '/shared/{token}') return;
    const text = JSON.stringify(answer.body) ?? '';
    for (const secret of foreignSecrets(fuzzed.caller, request)) if (text.includes(secret)) flaw(`tells ${secret}`);
  }

  it('get no fault, no answer that is not described, and no datum of somebody else', async () => {
    const requests = fc.sample(fuzzedRequests(api), { numRuns: REQUESTS, seed: SEED });
    for (let begin = 0; begin < requests.length; begin += RENEW_EVERY) {
      await Promise.all([subjects.owner.renew(), subjects.other.renew()]);
      const pending = requests.slice(begin, begin + RENEW_EVERY).values();
      const worker = async () => {
        for (const request of pending) await check(request);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }
    const lines = flaws.requestIds.flatMap((id) => stack.api().log.filter((line) => line.includes(id)));
    expect({ flaws: flaws.list, lines: flaws.list.length > 0 ? lines : [] }).toEqual({ flaws: [], lines: [] });
  }, 600_000);
});

/** HEAD, OPTIONS, other methods and other paths are described nowhere, but for what refuses them. */
function undescribedFlaw({ method }: RawRequest, status: number): string {
  if (method === 'HEAD') return status < 500 ? '' : 'a fault';
  if (method === 'OPTIONS')
    return [200, 204, 400, 404, 413, 414, 415, 417, 431].includes(status) ? '' : 'is not a refusal';
  return [400, 401, 404, 405, 413, 414, 415, 417, 429, 431].includes(status) ? '' : 'is not a refusal';
}
