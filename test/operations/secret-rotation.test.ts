import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { type Answer, HttpClient } from '../support/http/http-client.js';
import { type Challenge, newPhone, type Tokens } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

/** So many requests of each kind are answered while replicas of two configurations run beside each other. */
const REQUESTS_BESIDE = 25;
const PERSONS = 6;

/** One change of the environment of all replicas. */
type Step = Record<string, string>;

const newSecret = (): string => randomBytes(32).toString('base64');
const keyIdOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

/** Replicas behind a balancer that stops asking one before it is restarted. */
class Replicas {
  private readonly inService: { url: string; underWay: number; out: boolean }[];
  private turn = 0;

  constructor(private readonly stack: Stack) {
    this.inService = stack.apis.map(({ url }) => ({ url, underWay: 0, out: false }));
  }

  /** Lets another replica answer each request. */
  async ask<Body>(request: (api: HttpClient) => Promise<Answer<Body>>): Promise<Answer<Body>> {
    const usable = this.inService.filter(({ out }) => !out);
    const replica = usable[this.turn++ % usable.length]!;
    replica.underWay++;
    try {
      return await request(new HttpClient(replica.url));
    } finally {
      replica.underWay--;
    }
  }

  /** Restarts one replica after the other. `beside` runs while the new configuration stands beside the old one. */
  async roll(step: Step, beside: () => Promise<void>): Promise<void> {
    for (const [index, replica] of this.inService.entries()) {
      replica.out = true;
      await eventually(() => replica.underWay === 0, { withinMs: 30_000 });
      await this.stack.api(index).restart(step);
      replica.out = false;
      await beside();
    }
  }
}

/** People who log in, refresh and ask without a pause, each request at another replica. */
class Load {
  readonly failures: string[] = [];
  readonly tokens: Tokens[] = [];
  readonly answered = { logins: 0, refreshes: 0, requests: 0 };
  private stopped = false;
  private readonly all: Promise<void>[];

  constructor(private readonly replicas: Replicas) {
    this.all = Array.from({ length: PERSONS }, (_, person) => this.live(person));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.all);
  }

  /** Until so many more requests of each kind have been answered. */
  async goesOn(): Promise<void> {
    const before = { ...this.answered };
    const kinds = ['logins', 'refreshes', 'requests'] as const;
    const isEnough = () => kinds.every((kind) => this.answered[kind] >= before[kind] + REQUESTS_BESIDE);
    await eventually(() => isEnough() || this.failures.length > 200, { withinMs: 60_000 });
  }

  private async live(person: number): Promise<void> {
    while (!this.stopped) {
      const tokens = await this.logIn(person);
      if (tokens === null) continue;
      this.tokens[person] = tokens;
      for (let round = 0; round < 5 && !this.stopped; round++) {
        if (!(await this.use(person))) break;
      }
    }
  }

  private async logIn(person: number): Promise<Tokens | null> {
    const [phone, name] = [newPhone(), `Person ${person}`];
    await this.expect(202, 'signup', (api) => api.post('/auth/signup', { phone, name }));
    const sent = await this.expect(202, 'send-otp', (api) => api.post<Challenge>('/auth/send-otp', { phone }));
    if (sent === null) return null;
    const { challengeId, otp } = sent;
    const tokens = await this.expect(200, 'verify-otp', (api) =>
      api.post<Tokens>('/auth/verify-otp', { challengeId, otp }),
    );
    if (tokens !== null && tokens.user.name !== name) this.failures.push(`The name is ${tokens.user.name}`);
    if (tokens !== null) this.answered.logins++;
    return tokens;
  }

  /** @returns whether the session goes on */
  private async use(person: number): Promise<boolean> {
    const { accessToken, refreshToken } = this.tokens[person]!;
    const me = await this.expect(200, 'me', (api) => api.as(accessToken).get('/user/me'));
    if (me !== null) this.answered.requests++;
    const tokens = await this.expect(200, 'refresh', (api) => api.post<Tokens>('/auth/refresh', { refreshToken }));
    if (tokens === null) return false;
    this.answered.refreshes++;
    this.tokens[person] = { ...this.tokens[person]!, ...tokens };
    return true;
  }

  private async expect<Body>(
    status: number,
    what: string,
    request: (api: HttpClient) => Promise<Answer<Body>>,
  ): Promise<Body | null> {
    const answer = await this.replicas.ask(request);
    if (answer.status === status) return answer.body;
    const { code } = answer.body as { code?: string };
    this.failures.push(`${what}: ${answer.status} ${code}`);
    return null;
  }
}

describe('Two replicas under logins, refreshes and requests', () => {
  let folder: string;
  let stack: Stack;
  let replicas: Replicas;
  let secrets: { JWT_SECRET: string; OTP_SECRET: string };

  /** @returns the path of a file with this content */
  const file = (content: string): string => {
    const path = join(folder, randomBytes(8).toString('hex'));
    writeFileSync(path, `${content}\n`);
    return path;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    secrets = { JWT_SECRET: newSecret(), OTP_SECRET: newSecret() };
    const env = { ...secrets, RATE_LIMIT_AUTH_PER_MINUTE: '100000', RATE_LIMIT_SIGNUP_PER_MINUTE: '100000' };
    stack = await startStack({ apis: 2, workers: 0, sandbox: false, env: { ...env, OTP_ANSWER_STEP_MS: '0' } });
    replicas = new Replicas(stack);
  }, 120_000);

  afterAll(async () => {
    await stack?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** Rolls the steps out under load. @returns what failed, each kind once */
  async function rollUnderLoad(steps: Step[], between?: (load: Load) => Promise<void>): Promise<string[]> {
    const load = new Load(replicas);
    try {
      await load.goesOn();
      for (const step of steps) {
        await replicas.roll(step, () => load.goesOn());
        await between?.(load);
      }
    } finally {
      await load.stop();
    }
    return [...new Set(load.failures)].sort();
  }

  it.each(['JWT_SECRET', 'OTP_SECRET'] as const)(
    'lose no login and no request while %s is rotated in three steps',
    async (name) => {
      const [before, after] = [secrets[name], newSecret()];
      secrets = { ...secrets, [name]: after };
      const usedKeys = new Set<string>();
      const steps = [
        { [`${name}_NEXT`]: after },
        // From files: with the variable itself blank.
        { [`${name}_NEXT`]: '', [name]: '', [`${name}_FILE`]: file(after), [`${name}_PREVIOUS`]: before },
        { [`${name}_PREVIOUS`]: '' },
      ];
      const failures = await rollUnderLoad(steps, async (load) => {
        const held = () => load.tokens.map(({ accessToken }) => keyIdOf(accessToken));
        // What the third step waits for: that no token of the old secret is around, which takes ACCESS_TOKEN_SECONDS at most.
        await eventually(() => new Set(held()).size === 1, { withinMs: 30_000 });
        usedKeys.add(held()[0]!);
      });
      expect(failures).toEqual([]);
      expect(usedKeys.size).toBe(name === 'JWT_SECRET' ? 2 : 1);
      await replicas.roll({ [`${name}_FILE`]: '', [name]: after }, async () => undefined);
    },
    360_000,
  );

  it('would lose some if the secret of tokens changed in one step', async () => {
    const JWT_SECRET_PREVIOUS = secrets.JWT_SECRET;
    secrets.JWT_SECRET = newSecret();
    const failures = await rollUnderLoad([{ JWT_SECRET: secrets.JWT_SECRET, JWT_SECRET_PREVIOUS }]);
    expect(failures).toContain('me: 401 unauthenticated');
    expect(failures.filter((failure) => !failure.startsWith('me: 401'))).toEqual([]);
  }, 240_000);

  it('would lose some if the secret of codes changed in one step', async () => {
    const OTP_SECRET_PREVIOUS = secrets.OTP_SECRET;
    secrets.OTP_SECRET = newSecret();
    const failures = await rollUnderLoad([{ OTP_SECRET: secrets.OTP_SECRET, OTP_SECRET_PREVIOUS }]);
    expect(failures).toContain('verify-otp: 401 otp_invalid');
    expect(failures.filter((failure) => !/^verify-otp: 401|^The name is null$/.test(failure))).toEqual([]);
  }, 120_000);

  it('are told apart from other programs at PostgreSQL', async () => {
    const client = new pg.Client({ connectionString: stack.database.url });
    await client.connect();
    // A connection has its name once it is there, and a process may have none for a moment.
    await eventually(async () => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT DISTINCT application_name AS name FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      );
      expect(rows.map(({ name }) => name)).toEqual(['gemini-chat-api']);
      return true;
    }).finally(() => client.end());
  });
});
