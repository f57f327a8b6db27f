import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { download, pdf, png, post, upload, type UploadedFile } from '../support/http/uploads.js';
import { sendRaw } from '../support/http/raw-http.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { makePro } from '../support/plan.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';

/** The plan Pro has small limits here, so that they are met with little. */
const SMALL = { maxFileBytes: 300_000, fileBytesStored: 1_000_000 };
const CHUNK_BYTES = 262_144;

const PLANS = plansFile(({ plans }) => {
  Object.assign(plans.basic, { maxFileBytes: 16_777_216, fileBytesStored: 104_857_600 });
  Object.assign(plans.pro, SMALL);
});

let stack: Stack;
let person: Person;
let database: pg.Client;

beforeAll(async () => {
  stack = await startStack({ workers: 0, sandbox: false, env: { PLANS_FILE: PLANS } });
  person = await signUpAndLogIn(stack.http);
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
}, 120_000);
afterAll(async () => {
  await database?.end();
  await stack?.stop();
});

const numberOf = async (sql: string, values: unknown[] = []): Promise<number> =>
  Number((await database.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`, values)).rows[0]!.n);
/** Bytes that no file has and that no removal will find. */
const lostChunks = () =>
  numberOf(`file_chunk WHERE file_id NOT IN (SELECT id FROM file UNION ALL SELECT file_id FROM file_removal)`);
/** Nothing is left of uploads that have failed. */
const expectNothingLeft = async (userId: string) => {
  expect(await numberOf('file WHERE user_id = $1', [userId])).toBe(0);
  expect(await numberOf('file_chunk WHERE file_id NOT IN (SELECT id FROM file)')).toBe(
    await numberOf('file_chunk WHERE file_id IN (SELECT file_id FROM file_removal WHERE due_at <= now())'),
  );
};
const smallUser = async () => {
  const user = await signUpAndLogIn(stack.http);
  await makePro(stack.database.url, user.id);
  return user;
};

describe('a file', () => {
  const picture = png(48, 32);

  it('is uploaded, read, and deleted', async () => {
    const { status, headers, body } = await upload(person.http, picture, 'Grüße 天.png', 'text/html');
    expect([status, headers.get('location')]).toEqual([201, `/file/${body.id}`]);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      name: 'Grüße 天.png',
      mediaType: 'image/png',
      bytes: picture.length,
      width: 48,
      height: 32,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect((await person.http.get(`/file/${body.id}`)).body).toEqual(body);
    const content = await download(person.http, body.id);
    expect([content.status, content.bytes.equals(picture)]).toEqual([200, true]);
    expect((await person.http.delete(`/file/${body.id}`)).status).toBe(204);
    expect((await person.http.get(`/file/${body.id}`)).body['code']).toBe('file_not_found');
    expect((await download(person.http, body.id)).status).toBe(404);
    expect((await person.http.delete(`/file/${body.id}`)).status).toBe(404);
    // Its bytes are left to the sweep.
    expect(await numberOf('file_removal WHERE file_id = $1 AND due_at <= now()', [body.id])).toBe(1);
    expect(await lostChunks()).toBe(0);
  });

  it('that a message has is not deleted', async () => {
    const { id } = (await upload(person.http, picture)).body;
    await database.query('UPDATE file SET delete_after = NULL WHERE id = $1', [id]);
    const { status, body } = await person.http.delete(`/file/${id}`);
    expect([status, body['code']]).toEqual([409, 'file_in_use']);
  });

  it('of one user is unknown to another, on each route', async () => {
    const { id } = (await upload(person.http, picture)).body;
    const other = await signUpAndLogIn(stack.http);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/content'],
      ['DELETE', ''],
    ] as const) {
      const theirs = await other.http.send(method, `/file/${id}${path}`);
      const unknown = await other.http.send(method, `/file/${randomUUID()}${path}`);
      expect([theirs.status, theirs.body['code']]).toEqual([404, 'file_not_found']);
      expect({ ...theirs.body, instance: '', requestId: '' }).toEqual({ ...unknown.body, instance: '', requestId: '' });
    }
    expect((await person.http.get(`/file/${id}`)).status).toBe(200);
  });
});

describe('the content of a file', () => {
  const content = pdf(2 * CHUNK_BYTES + 1_000);
  let file: UploadedFile;
  beforeAll(async () => {
    file = (await upload(person.http, content, 'report.pdf')).body;
  });

  it.each([
    ['bytes=0-0', 0, 1],
    [`bytes=${CHUNK_BYTES - 5}-${CHUNK_BYTES + 4}`, CHUNK_BYTES - 5, CHUNK_BYTES + 5],
    [`bytes=${CHUNK_BYTES}-`, CHUNK_BYTES, content.length],
    ['bytes=-700', content.length - 700, content.length],
    ['bytes=0-99999999', 0, content.length],
  ])('comes in the part %s', async (range, start, end) => {
    const part = await download(person.http, file.id, { range });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes ${start}-${end - 1}/${content.length}`,
    ]);
    expect(part.headers.get('content-length')).toBe(String(end - start));
    expect(part.bytes.equals(content.subarray(start, end))).toBe(true);
  });

  it('has an end', async () => {
    const beyond = await download(person.http, file.id, { range: `bytes=${content.length}-` });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${content.length}`]);
    expect(JSON.parse(beyond.bytes.toString())).toMatchObject({ code: 'range_not_satisfiable' });
  });

  it('is not sent to who has it, or wants a part of another, or its headers alone', async () => {
    const whole = await download(person.http, file.id);
    expect([whole.status, whole.bytes.equals(content)]).toEqual([200, true]);
    const etag = whole.headers.get('etag')!;
    const known = await download(person.http, file.id, { 'if-none-match': etag });
    expect([known.status, known.bytes.length]).toEqual([304, 0]);
    const part = (ifRange: string) => download(person.http, file.id, { range: 'bytes=0-9', 'if-range': ifRange });
    expect([(await part(etag)).status, (await part('"other"')).status]).toEqual([206, 200]);
    const head = await download(person.http, file.id, {}, 'HEAD');
    expect((await download(person.http, file.id, { 'if-none-match': etag }, 'HEAD')).status).toBe(304);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(content.length)]);
  });

  it.each([
    ['a PDF that is a page, too', '%PDF-1.7\n<!doctype html><script>alert(1)</script>', 'application/pdf', 'inline'],
    ['a page that is a PDF, too', '<!doctype html><script>alert(1)</script>\n%PDF-1.7', 'text/plain', 'attachment'],
    ['a picture of a page', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'text/plain', 'attachment'],
  ])('of %s runs nowhere', async (_, polyglot, mediaType, disposition) => {
    const { body } = await upload(person.http, polyglot, 'page.html', 'text/html');
    expect(body.mediaType).toBe(mediaType);
    const { headers } = await download(person.http, body.id);
    expect(headers.get('content-type')).toBe(mediaType === 'text/plain' ? 'text/plain; charset=utf-8' : mediaType);
    expect(headers.get('content-disposition')).toBe(`${disposition}; filename=page.html`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });
});

describe('what is refused leaves nothing behind', () => {
  const boundary = 'b0undary';
  const type = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  const part = (name: string, content: string, filename = '; filename="a.txt"') =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n${content}\r\n`;
  const end = `--${boundary}--\r\n`;

  it.each([
    ['a program by the name of a PDF', Buffer.from(`MZ\u0090${'\0'.repeat(90)}`, 'latin1'), 'report.pdf'],
    ['nothing', Buffer.alloc(0), 'empty.txt'],
    ['a text that ends in the middle of a character', Buffer.from('東').subarray(0, 2), 'text.txt'],
    [
      'what is no text from far behind its beginning on',
      Buffer.concat([Buffer.alloc(700_000, 'a'), Buffer.from([0xff])]),
      'a',
    ],
    ['a text with a NUL', Buffer.from(`${'a'.repeat(700_000)}\0`), 'text.txt'],
  ])('%s', async (_, content, name) => {
    const { http, id } = await signUpAndLogIn(stack.http);
    const { status, body } = await upload(http, content, name, 'application/pdf');
    expect([status, body.code]).toEqual([415, 'file_type_not_supported']);
    await expectNothingLeft(id);
  });

  it.each([
    ['another field', part('picture', 'text') + end],
    ['a field without a file', part('file', 'text', '') + end],
    ['two files', part('file', 'a'.repeat(CHUNK_BYTES + 9)) + part('file', 'two') + end],
    ['something besides the file', part('file', 'text') + part('note', 'text', '') + end],
    ['a form that breaks off', part('file', 'text')],
    ['a form without parts', end],
    ['bytes that are no form', 'Hello'],
  ])('%s', async (_, form) => {
    const { http, id } = await signUpAndLogIn(stack.http);
    const { status, body } = await post(http, form, type);
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    await expectNothingLeft(id);
  });

  it('other kinds of bodies, and forms elsewhere', async () => {
    const json = await post(person.http, '{}', { 'content-type': 'application/json' });
    expect([json.status, json.body.code, json.headers.get('accept')]).toEqual([
      415,
      'unsupported_media_type',
      'multipart/form-data',
    ]);
    const unbound = await post(person.http, 'Hello', { 'content-type': 'multipart/form-data' });
    expect([unbound.status, unbound.body.code]).toEqual([400, 'validation_failed']);
    const elsewhere = await person.http.post('/chatroom', part('file', 'text') + end, type);
    expect([elsewhere.status, elsewhere.body['code']]).toEqual([415, 'unsupported_media_type']);
    expect((await post(stack.http, part('file', 'text') + end, type)).status).toBe(401);
  });

  it('more than the plan allows, whether or not the client says before how much it is', async () => {
    const { http, id } = await smallUser();
    const content = pdf(SMALL.maxFileBytes + 1);
    const announced = await upload(http, content);
    expect([announced.status, announced.body.code]).toEqual([413, 'file_too_large']);
    const pieces = [part('file', '').slice(0, -2), content, `\r\n${end}`].map((piece) => Buffer.from(piece as string));
    const chunked = await post(http, ReadableStream.from(pieces) as ReadableStream, type);
    expect([chunked.status, chunked.body.code]).toEqual([413, 'file_too_large']);
    const huge = await sendRaw(stack.url, [
      'POST /file HTTP/1.1',
      'Host: api',
      `Authorization: ${http.authorization['authorization']}`,
      `Content-Type: ${type['content-type']}`,
      `Content-Length: ${2 ** 40}`,
      'Expect: 100-continue',
    ]);
    expect([huge.status, huge.body['code']]).toEqual([413, 'file_too_large']);
    await expectNothingLeft(id);
    expect((await upload(http, content.subarray(0, SMALL.maxFileBytes))).status).toBe(201);
  });
});

describe('storage', () => {
  it('is exact under parallel uploads, and there again once a file is deleted', async () => {
    const { http, id } = await smallUser();
    const content = pdf(SMALL.maxFileBytes);
    const answers = await Promise.all(Array.from({ length: 10 }, () => upload(http, content)));
    const stored = answers.filter(({ status }) => status === 201);
    expect(stored).toHaveLength(3);
    const refused = answers.filter(({ status }) => status !== 201).map(({ status, body }) => [status, body.code]);
    expect(refused).toEqual(Array(7).fill([409, 'storage_full']));
    expect(await numberOf('file WHERE user_id = $1', [id])).toBe(3);
    expect(await lostChunks()).toBe(0);
    // What is left is taken to the last byte.
    expect((await upload(http, pdf(100_001))).status).toBe(409);
    expect((await upload(http, pdf(100_000))).status).toBe(201);
    expect((await upload(http, 'a')).status).toBe(409);
    await http.delete(`/file/${stored[0]!.body.id}`);
    expect((await upload(http, content)).status).toBe(201);
  });
});

it('a large file is never whole in memory', async () => {
  const content = pdf(15_000_000);
  const memory = async () => {
    const metrics = await (await fetch(stack.api().metricsUrl)).text();
    return Number(/^process_resident_memory_bytes(?:\{.*\})? (\S+)$/m.exec(metrics)?.[1]);
  };
  // What any upload makes Node load is no part of it.
  await upload(person.http, pdf(1_000_000));
  const before = await memory();
  const { status, body } = await upload(person.http, content, 'large.pdf');
  expect(status).toBe(201);
  expect((await memory()) - before).toBeLessThan(30_000_000);
  expect((await download(person.http, body.id)).bytes.equals(content)).toBe(true);
});
