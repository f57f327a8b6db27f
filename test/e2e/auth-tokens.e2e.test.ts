import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { signUpAndLogIn, type Person } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

const SECRET = randomBytes(32).toString('base64');
const OTHER_SECRET = randomBytes(32).toString('base64');

type Claims = Record<string, unknown>;

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const decode = (token: string, part: 0 | 1): Claims =>
  JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString()) as Claims;

function hmac(header: object, claims: object, secret = SECRET, hash = 'sha256'): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

function rsa(header: object, claims: object): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

describe('an access token', () => {
  let stack: Stack;
  let person: Person;
  let header: Claims;
  let claims: Claims;

  beforeAll(async () => {
    stack = await startStack({ workers: 0, sandbox: false, env: { JWT_SECRET: SECRET } });
    person = await signUpAndLogIn(stack.http);
    header = decode(person.tokens.accessToken, 0);
    claims = decode(person.tokens.accessToken, 1);
  }, 90_000);
  afterAll(() => stack?.stop());

  const statusOf = async (authorization: string): Promise<number> => {
    const { status, headers, body } = await stack.http.get('/user/me', { authorization });
    if (status === 401) {
      expect(body).toMatchObject({ code: 'unauthenticated' });
      // RFC 6750, section 3.1: an error is named only where a token was sent.
      expect(headers.get('www-authenticate')).toMatch(/^Bearer(?: error="invalid_token"|$)/);
    }
    return status;
  };
  const without = (name: string): Claims => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));

  it('is HS256, for 15 minutes, and says no more than it must', () => {
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', kid: expect.any(String) });
    expect(claims).toEqual({
      typ: 'access',
      iss: 'gemini-chat-backend',
      aud: 'gemini-chat-backend',
      sub: person.id,
      sid: expect.any(String),
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: (claims['iat'] as number) + 900,
    });
  });

  it('is good when the test signs it as the product does', async () => {
    expect(await statusOf(`Bearer ${hmac(header, claims)}`)).toBe(200);
    expect(await statusOf(`bearer ${hmac({ alg: 'HS256' }, claims)}`)).toBe(200);
  });

  it.each<[string, () => string]>([
    ['without a signature (none)', () => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`],
    ['of another algorithm under our secret', () => hmac({ ...header, alg: 'HS512' }, claims, SECRET, 'sha512')],
    ['of an asymmetric algorithm', () => rsa({ ...header, alg: 'RS256' }, claims)],
    ['under another secret', () => hmac(header, claims, OTHER_SECRET)],
    ['under a key id that is not ours', () => hmac({ ...header, kid: '../../dev/null' }, claims, '')],
    [
      'with a changed claim',
      () => person.tokens.accessToken.replace(/\.[^.]+\./, `.${encode({ ...claims, sub: 'x' })}.`),
    ],
    ['of another issuer', () => hmac(header, { ...claims, iss: 'someone' })],
    ['for another audience', () => hmac(header, { ...claims, aud: 'someone' })],
    ['of another type', () => hmac(header, { ...claims, typ: 'refresh' })],
    ['that has expired', () => hmac(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 1 })],
    ['that is not good yet', () => hmac(header, { ...claims, nbf: Math.floor(Date.now() / 1000) + 60 })],
    ['of a session that never was', () => hmac(header, { ...claims, sid: 'x' })],
    ['of a user that cannot be', () => hmac(header, { ...claims, sub: "' OR 1=1" })],
    ['that names its key by jku', () => hmac({ ...header, jku: 'https://attacker.example/keys' }, claims)],
    ['that brings its key as jwk', () => hmac({ ...header, jwk: { kty: 'oct', k: 'eA' } }, claims, 'x')],
    [
      'that brings its key as jwk, and yet is signed by us',
      () => hmac({ ...header, jwk: { kty: 'oct', k: 'eA' } }, claims),
    ],
    ['that asks for an extension', () => hmac({ ...header, crit: ['exp'] }, claims)],
    ['that is none', () => 'nonsense'],
    ['that is a refresh token', () => person.tokens.refreshToken],
  ])('is refused %s', async (_, forge) => {
    expect(await statusOf(`Bearer ${forge()}`)).toBe(401);
  });

  it.each(['iss', 'aud', 'typ', 'sub', 'sid', 'jti', 'exp'])('is refused without %s', async (name) => {
    expect(await statusOf(`Bearer ${hmac(header, without(name))}`)).toBe(401);
  });

  it('is refused anywhere but in the Authorization header', async () => {
    const { accessToken } = person.tokens;
    expect((await stack.http.get(`/user/me?access_token=${accessToken}`)).status).toBe(401);
    expect((await stack.http.get('/user/me', { cookie: `access_token=${accessToken}` })).status).toBe(401);
    expect(await statusOf(`Basic ${accessToken}`)).toBe(401);
  });

  it('stays good while the secret is rotated, and no one is logged out', async () => {
    await stack.api().restart({ JWT_SECRET: OTHER_SECRET, JWT_SECRET_PREVIOUS: SECRET });
    expect(await statusOf(`Bearer ${person.tokens.accessToken}`)).toBe(200);
    const { body } = await stack.http.post<{ accessToken: string; refreshToken: string }>('/auth/refresh', {
      refreshToken: person.tokens.refreshToken,
    });
    expect(decode(body.accessToken, 0)['kid']).not.toBe(header['kid']);

    await stack.api().restart({ JWT_SECRET: OTHER_SECRET, JWT_SECRET_PREVIOUS: '' });
    expect(await statusOf(`Bearer ${person.tokens.accessToken}`)).toBe(401);
    expect(await statusOf(`Bearer ${body.accessToken}`)).toBe(200);
  }, 120_000);
});
