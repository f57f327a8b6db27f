import { randomBytes } from 'node:crypto';
import type { Room } from '@gemini-chat/client';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { type S3Server, startS3Server } from '../support/files/s3-server.js';
import type { HttpClient } from '../support/http/http-client.js';
import { pdf, post, upload } from '../support/http/uploads.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Accepted, openRoom, outcome } from '../support/messages.js';
import { keysOf, placesOf, rowsOf } from '../support/privacy/stored-data.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

/** A file of one user that can be told from all others by bytes within it. */
interface MarkedFile {
  id: string;
  marker: Buffer;
}

/** Bytes of a document with a marker; more than a part of an upload to S3 has, where many are wanted. */
function marked(length: number): { marker: Buffer; bytes: Buffer } {
  const [marker, bytes] = [randomBytes(24), pdf(length)];
  marker.copy(bytes, 2_000);
  return { marker, bytes };
}

/** Sends the beginning of a file, which is stored as it arrives, and never the end. */
function beginUpload(http: HttpClient, bytes: Buffer): { ended: Promise<unknown>; cut: () => void } {
  const head =
    'Content-Disposition: form-data; name="file"; filename="begun.pdf"\r\nContent-Type: application/pdf\r\n\r\n';
  let cut = (): void => undefined;
  const body = new ReadableStream({
    start(stream) {
      stream.enqueue(Buffer.concat([Buffer.from(`--edge\r\n${head}`), bytes]));
      cut = () => stream.error(new Error('The client has hung up'));
    },
  });
  const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
  const ended = post(http, body, headers).catch(() => undefined);
  return { ended, cut: () => cut() };
}

describe.each(['postgresql', 's3'] as const)('erasing an account with files in %s', (store) => {
  let s3: S3Server;
  let stack: Stack;
  let database: pg.Client;

  beforeAll(async () => {
    s3 = await startS3Server();
    ({ stack } = await startReplyStack({ env: store === 's3' ? s3.env : {} }));
    database = new pg.Client({ connectionString: stack.database.url });
    await database.connect();
  }, 120_000);
  afterAll(async () => {
    await database?.end();
    await stack?.stop();
    await s3?.stop();
  });

  /** Where the product holds any of these bytes or texts, in whichever store. */
  async function places(markers: Buffer[], texts: string[] = []): Promise<string[]> {
    const items = [...(await rowsOf(stack.database.url)), ...(await keysOf(stack))];
    const found = placesOf([...markers.map((marker) => marker.toString('hex')), ...texts], items);
    const inObjects = await Promise.all(markers.map((marker) => s3.holds(marker)));
    return [...found, ...inObjects.filter(Boolean).map(() => 's3')];
  }
  const bytesAreHeld = async (marker: Buffer) => (await places([marker])).length > 0;
  const nothingIsHeld = async (markers: Buffer[], texts: string[]) => {
    // As long as a removal waits to be tried again, its time has to come first.
    await database.query('UPDATE file_removal SET due_at = now() WHERE due_at > now()');
    expect(await places(markers, texts)).toEqual([]);
    return true;
  };

  const uploadMarked = async (http: HttpClient, name: string, length = 300_000): Promise<MarkedFile> => {
    const { marker, bytes } = marked(length);
    const { status, body } = await upload(http, bytes, name);
    expect(status).toBe(201);
    return { id: body.id, marker };
  };

  /** Sends a message with files, or edits one, and waits for the answer. */
  async function ask(http: HttpClient, path: string, files: MarkedFile[]): Promise<Accepted> {
    const { status, body } = await http.post<Accepted>(path, {
      content: 'Read them',
      files: files.map(({ id }) => id),
    });
    expect(status).toBe(202);
    await outcome(http, body.reply);
    return body;
  }

  /** A user with files in messages, in replaced ones and in a copy of the room, and with some that no message has. */
  async function userWithFiles() {
    const { http, id: userId } = await signUpAndLogIn(stack.http);
    const [sent, replaced, unused] = [
      await uploadMarked(http, 'sent.pdf'),
      await uploadMarked(http, 'replaced.pdf'),
      await uploadMarked(http, 'unused.pdf', 6_000_000),
    ];
    const room = await openRoom(http);
    const first = await ask(http, `/chatroom/${room}/message`, [sent, replaced]);
    const fork = await http.post<Room>(`/chatroom/${room}/fork`, { messageId: first.reply.id });
    expect(fork.status).toBe(201);
    const latest = await ask(http, `/chatroom/${room}/message/${first.message.id}/edit`, [sent]);
    return { http, userId, files: [sent, replaced, unused], room, fork: fork.body.id, reply: latest.reply };
  }

  it('leaves no byte of any file, sent or not, nor of one that is being uploaded', async () => {
    const [{ http, userId, files, reply }, other] = [await userWithFiles(), await userWithFiles()];
    const begun = marked(12_000_000);
    const { ended, cut } = beginUpload(http, begun.bytes);
    await eventually(() => bytesAreHeld(begun.marker), { withinMs: 30_000 });
    const texts = [`thought ${randomBytes(9).toString('hex')}`, `source ${randomBytes(9).toString('hex')}`];
    const grounding = { sources: [{ title: texts[1], uri: 'https://a.example', ranges: [] }], searchQueries: [] };
    await database.query('UPDATE message SET thoughts = $2, grounding = $3 WHERE id = $1', [
      ...[reply.id, texts[0], JSON.stringify(grounding)],
    ]);
    // What the law of erasure is about is found where it is stored.
    for (const { marker } of files) expect(await bytesAreHeld(marker)).toBe(true);
    for (const text of [...texts, ...files.slice(0, 2).map(({ id }) => id)])
      expect(await places([], [text])).toContain('postgresql message');

    expect((await http.delete('/user/me')).status).toBe(204);
    cut();
    await ended;

    const markers = [...files.map(({ marker }) => marker), begun.marker];
    const held = [...texts, ...files.map(({ id }) => id)];
    await eventually(() => nothingIsHeld(markers, held), { withinMs: 60_000, everyMs: 500 });
    expect((await database.query('SELECT FROM file WHERE user_id = $1', [userId])).rowCount).toBe(0);
    for (const { marker } of other.files) expect(await bytesAreHeld(marker)).toBe(true);
  }, 120_000);

  it('leaves none when a worker is killed while it removes them', async () => {
    const { http, files, fork } = await userWithFiles();
    expect((await http.delete(`/chatroom/${fork}`)).status).toBe(204);
    for (const { marker } of files) expect(await bytesAreHeld(marker)).toBe(true);
    // The worker claims what is to be removed, and its store does not remove it before the worker is dead.
    const locked = new pg.Client({ connectionString: stack.database.url });
    await locked.connect();
    await locked.query('BEGIN');
    await locked.query('LOCK TABLE file_chunk IN SHARE MODE');
    const deletions = s3.holdDeletions();
    expect((await http.delete('/user/me')).status).toBe(204);
    const claimed = `SELECT FROM file_removal WHERE due_at > now() + interval '4 minutes'`;
    await eventually(async () => (await database.query(claimed)).rowCount !== 0, { withinMs: 30_000 });
    if (store === 's3') await eventually(() => deletions.held() > 0, { withinMs: 30_000 });
    await stack.worker().kill();
    for (const { marker } of files) expect(await bytesAreHeld(marker)).toBe(true);
    await locked.query('ROLLBACK');
    await locked.end();
    deletions.release();
    await stack.worker().restart();
    const held = files.map(({ id }) => id);
    await eventually(
      () =>
        nothingIsHeld(
          files.map(({ marker }) => marker),
          held,
        ),
      { withinMs: 60_000, everyMs: 500 },
    );
  }, 120_000);
});
