import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { type S3Server, startS3Server } from '../support/files/s3-server.js';
import { unzipped } from '../support/files/unzipped.js';
import { download, pdf, png, upload, type UploadedFile } from '../support/http/uploads.js';
import type { HttpClient } from '../support/http/http-client.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Accepted, openRoom, outcome } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

let s3: S3Server;
let stack: Stack;
let database: pg.Client;

beforeAll(async () => {
  s3 = await startS3Server();
  stack = await startStack({ env: s3.env });
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
}, 120_000);
afterAll(async () => {
  await database?.end();
  await stack?.stop();
  await s3?.stop();
});

/** The place of the export before is free a moment after its reader has seen its end. */
const archiveOf = ({ base, authorization }: HttpClient) =>
  eventually(async () => {
    const answer = await fetch(`${base}/user/me/export/files`, { headers: authorization });
    const body = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(200);
    return { headers: answer.headers, files: await unzipped(body) };
  });

interface Exported {
  files: UploadedFile[];
  chatrooms: { messages: { files: UploadedFile[] }[] }[];
}

const exported = (http: HttpClient) =>
  eventually(async () => {
    const { status, body } = await http.get<Exported>('/user/me/export');
    expect(status).toBe(200);
    return body;
  });

describe('the files of an account in S3', () => {
  it('are named by its export, and all in one archive with their bytes', async () => {
    const [owner, other] = [await signUpAndLogIn(stack.http), await signUpAndLogIn(stack.http)];
    const [picture, document] = [png(40, 30), pdf(1)];
    const files = [
      (await upload(owner.http, picture, 'Grüße.png')).body,
      (await upload(owner.http, document, 'a:b.pdf')).body,
    ];
    await upload(other.http, picture, 'private.png');
    expect((await download(owner.http, files[0]!.id)).bytes.equals(picture)).toBe(true);

    const known = files.map(({ id, name, mediaType, bytes, createdAt }) => ({ id, name, mediaType, bytes, createdAt }));
    expect((await exported(owner.http)).files).toEqual(known);
    const { headers, files: found } = await archiveOf(owner.http);
    expect([...found.keys()]).toEqual([`${files[0]!.id}/Grüße.png`, `${files[1]!.id}/a_b.pdf`]);
    expect([...found.values()].map((bytes, index) => bytes.equals([picture, document][index]!))).toEqual([true, true]);
    expect(headers.get('content-type')).toBe('application/zip');
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="files-\d{4}-\d\d-\d\d\.zip"$/);
  }, 60_000);

  it('are named by the messages that have them, replaced ones too, and are in the archive', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const [picture, document] = [png(42, 32), pdf(300_000)];
    const [sent, replaced] = [(await upload(http, picture, 'sent.png')).body, (await upload(http, document)).body];
    const room = await openRoom(http);
    const ask = async (path: string, files: UploadedFile[]): Promise<Accepted> => {
      const { status, body } = await http.post<Accepted>(path, { content: 'See', files: files.map(({ id }) => id) });
      expect(status).toBe(202);
      await outcome(http, body.reply);
      return body;
    };
    const { message } = await ask(`/chatroom/${room}/message`, [replaced, sent]);
    await ask(`/chatroom/${room}/message/${message.id}/edit`, [sent]);

    const { chatrooms, files } = await exported(http);
    const inMessages = chatrooms.flatMap(({ messages }) => messages).map((each) => each.files.map(({ id }) => id));
    expect(inMessages).toEqual([[replaced.id, sent.id], [], [sent.id], []]);
    expect(files.map(({ id }) => id)).toEqual([sent.id, replaced.id]);
    const { files: found } = await archiveOf(http);
    expect([...found.values()].map((bytes, index) => bytes.equals([picture, document][index]!))).toEqual([true, true]);
  }, 60_000);

  it('need a login, and are an empty archive where there are none', async () => {
    expect((await stack.http.get('/user/me/export/files')).status).toBe(401);
    expect((await archiveOf((await signUpAndLogIn(stack.http)).http)).files.size).toBe(0);
  });

  it('are deleted with the account, in the bucket too', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const picture = png(41, 31);
    const { id } = (await upload(http, picture)).body;
    expect(await s3.holds(picture)).toBe(true);
    expect((await http.delete('/user/me')).status).toBe(204);
    await eventually(async () => !(await s3.holds(picture)), { withinMs: 60_000 });
    await eventually(async () => {
      const { rowCount } = await database.query('SELECT FROM file_removal WHERE file_id = $1', [id]);
      return rowCount === 0;
    });
    expect((await s3.stored()).filter((path) => path.includes(id))).toEqual([]);
  }, 90_000);
});
