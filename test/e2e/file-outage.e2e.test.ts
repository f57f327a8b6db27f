import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { type S3Failure, type S3Server, startS3Server } from '../support/files/s3-server.js';
import type { HttpClient } from '../support/http/http-client.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import { download, pdf, post, upload, type UploadedFile } from '../support/http/uploads.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

/** Above one part of an upload, and above what connections hold on the way to a reader. */
const LARGE = pdf(9_000_000);
const SMALL = pdf(20_000);

let s3: S3Server;
let network: TcpProxy;
let stack: Stack;
let database: pg.Client;
let http: HttpClient;
let file: UploadedFile;

beforeAll(async () => {
  s3 = await startS3Server();
  network = await TcpProxy.to('127.0.0.1', Number(new URL(s3.env.S3_ENDPOINT).port));
  stack = await startStack({
    env: { ...s3.env, S3_ENDPOINT: `http://127.0.0.1:${network.port}` },
  });
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
  ({ http } = await signUpAndLogIn(stack.http));
  file = (await upload(http, LARGE, 'large.pdf')).body;
}, 120_000);
afterEach(() => {
  network.mend();
  s3.failWith(null);
});
afterAll(async () => {
  await database?.end();
  await stack?.stop();
  await network?.close();
  await s3?.stop();
});

interface Told {
  status: number;
  retryAfter: string | null;
  body: { code: string; requestId: string };
}

async function told(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Told> {
  const response = await fetch(`${http.base}${path}`, { method, headers: { ...http.authorization, ...headers } });
  const { status } = response;
  const body = (await response.json()) as Told['body'];
  // Nothing of the answer that it was to be.
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  for (const name of ['content-disposition', 'etag', 'content-range']) expect(response.headers.get(name)).toBeNull();
  return { status, retryAfter: response.headers.get('retry-after'), body };
}

async function toldOfUpload(content = SMALL): Promise<Told> {
  const { status, headers, body } = await upload(http, content);
  return { status, retryAfter: headers.get('retry-after'), body: body as unknown as Told['body'] };
}

/** What needs the bytes of files. The place of an export is free a moment after its answer. */
const CALLS: [string, () => Promise<Told>][] = [
  ['an upload', () => toldOfUpload()],
  ['an upload in parts', () => toldOfUpload(LARGE)],
  ['a download', () => told(`/file/${file.id}/content`)],
  ['a download of a part', () => told(`/file/${file.id}/content`, { range: 'bytes=7000000-7000009' })],
  [
    'an export',
    () =>
      eventually(async () => {
        const answer = await told('/user/me/export/files');
        if (answer.body.code === 'export_in_progress') throw new Error('The export before has not ended');
        return answer;
      }),
  ],
];

interface Line {
  level: string;
  msg: string;
  requestId?: string;
}

/** What the API has logged of a request, as warnings and worse. */
const linesOf = (requestId: string | null): (Line & { text: string })[] =>
  stack
    .api()
    .log.filter((line) => line.includes(`"requestId":"${requestId}"`))
    .map((text) => ({ ...(JSON.parse(text) as Line), text }))
    .filter(({ level }) => ['warn', 'error', 'fatal'].includes(level));

/** The only line of a request. */
const lineOf = (requestId: string | null) =>
  eventually(() => {
    const lines = linesOf(requestId);
    expect(lines).toHaveLength(1);
    return lines[0]!;
  });

const rows = async (sql: string, values: unknown[] = []) => (await database.query(sql, values)).rows.length;
/** Files that the user has, and uploads that will be removed. */
const known = async () => [await rows('SELECT FROM file'), await rows('SELECT FROM file_removal')];

describe.each(CALLS)('%s', (_, call) => {
  it.each<[string, () => void]>([
    ['is out of reach', () => network.sever()],
    ['asks to slow down', () => s3.failWith({ status: 503, code: 'SlowDown' })],
    ['fails', () => s3.failWith({ status: 500, code: 'InternalError' })],
    ['is behind something that fails', () => s3.failWith({ status: 502 })],
  ])('is answered by 503 while S3 %s, which is logged once', async (_each, begin) => {
    begin();
    const answer = await call();
    expect([answer.status, answer.body.code, answer.retryAfter]).toEqual([503, 'service_unavailable', '5']);
    const line = await lineOf(answer.body.requestId);
    expect(line).toMatchObject({ level: 'warn', msg: 'Answered 503 service_unavailable' });
    expect(line.text).toMatch(/"message":"S3 /);
    expect(line.text).not.toContain(s3.env.S3_ACCESS_KEY_ID);
    expect((await known())[0]).toBe(1);
  });

  it.each<[S3Failure, RegExp]>([
    [{ status: 403, code: 'AccessDenied' }, /S3_ACCESS_KEY_ID/],
    [{ status: 404, code: 'NoSuchBucket' }, /S3_BUCKET/],
  ])('is a fault of the service where S3 answers %j, and the log names the setting', async (failure, setting) => {
    s3.failWith(failure);
    const answer = await call();
    expect([answer.status, answer.body.code]).toEqual([500, 'internal_error']);
    const line = await lineOf(answer.body.requestId);
    expect(line.level).toBe('error');
    expect(line.text).toMatch(setting);
    expect(line.text).not.toContain(s3.env.S3_ACCESS_KEY_ID);
  });
});

describe('while S3 is out of reach', () => {
  it('a user can upload again as soon as it is back, however many uploads have failed', async () => {
    network.sever();
    for (let count = 0; count < 11; count++) expect((await toldOfUpload()).status).toBe(503);
    network.mend();
    const { status, body } = await upload(http, SMALL);
    expect(status).toBe(201);
    expect((await http.delete(`/file/${body.id}`)).status).toBe(204);
  });

  it('a download ends within its limits also where S3 hangs', async () => {
    network.set('half-open');
    const answers = await Promise.all([
      told(`/file/${file.id}/content`),
      told(`/file/${file.id}/content`, { range: 'bytes=0-9' }),
    ]);
    for (const { status, body } of answers) expect([status, body.code]).toEqual([503, 'service_unavailable']);
  });

  it('a file is deleted, and its bytes when S3 is back', async () => {
    const { body } = await upload(http, SMALL);
    network.sever();
    expect((await http.delete(`/file/${body.id}`)).status).toBe(204);
    network.mend();
    await untilRemoved(body.id);
  });
});

/** Has the sweep begin now with what is due later, and waits until nothing of a file is left. */
async function untilRemoved(id: string): Promise<void> {
  await eventually(
    async () => {
      await database.query('UPDATE file_removal SET due_at = now() WHERE file_id = $1 AND due_at > now()', [id]);
      expect(await rows('SELECT FROM file_removal WHERE file_id = $1', [id])).toBe(0);
      return true;
    },
    { withinMs: 60_000 },
  );
  expect(await s3.holds(Buffer.from(id))).toBe(false);
  expect((await s3.stored()).filter((path) => path.includes(id))).toEqual([]);
}

it('an upload that S3 breaks off leaves no file, and what is stored of it is removed by the sweep', async () => {
  await database.query('DELETE FROM file_removal');
  const boundary = 'b0undary';
  const before = (await s3.stored()).length;
  async function* form() {
    yield `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n`;
    yield LARGE.subarray(0, 6_000_000);
    await eventually(async () => (await s3.stored()).length > before + 1);
    s3.failWith({ status: 503, code: 'SlowDown' });
    yield LARGE.subarray(6_000_000);
    yield `\r\n--${boundary}--\r\n`;
  }
  const pieces = (async function* () {
    for await (const piece of form()) yield Buffer.from(piece as string);
  })();
  const { status, body } = await post(http, ReadableStream.from(pieces) as ReadableStream, {
    'content-type': `multipart/form-data; boundary=${boundary}`,
  });
  expect([status, body.code]).toEqual([503, 'service_unavailable']);
  expect(await known()).toEqual([1, 1]);
  s3.failWith(null);
  const left = await database.query<{ id: string }>('SELECT file_id AS id FROM file_removal');
  const [{ id }] = left.rows as [{ id: string }];
  expect(await s3.holds(Buffer.from(id))).toBe(true);
  await untilRemoved(id);
  expect((await s3.stored()).length).toBe(before);
});

describe('what has begun to be sent when S3 breaks off', () => {
  beforeEach(() => {
    // Connections from before hold no place of the next ones.
    network.reset();
  });

  it.each([
    ['', 200],
    ['bytes=1-', 206],
  ])('of a file (Range: "%s") is cut off', async (range, status) => {
    network.limitNext([1_000_000]);
    const headers = { ...http.authorization, ...(range === '' ? {} : { range }) };
    const response = await fetch(`${http.base}/file/${file.id}/content`, { headers });
    expect(response.status).toBe(status);
    await expect(response.arrayBuffer()).rejects.toThrow();
    const line = await lineOf(response.headers.get('x-request-id'));
    expect(line.level).toBe('error');
    expect(line.text).toMatch(/Files are out of reach .*S3 is out of reach/);
  });

  it('of an export is cut off', async () => {
    const response = await eventually(async () => {
      network.limitNext([1_000_000]);
      const answer = await fetch(`${http.base}/user/me/export/files`, { headers: http.authorization });
      expect(answer.status).toBe(200);
      return answer;
    });
    await expect(response.arrayBuffer()).rejects.toThrow();
    await eventually(() => {
      const found = linesOf(response.headers.get('x-request-id'));
      expect(found.map(({ msg }) => msg)).toContainEqual(expect.stringMatching(/^An export broke off: Files are out/));
      return true;
    });
  });

  it('is whole once S3 is back', async () => {
    expect((await download(http, file.id)).bytes.equals(LARGE)).toBe(true);
  });
});
