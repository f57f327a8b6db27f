import { loggedInClient, type ReceivedCall, type ScriptedAnswer } from '../../../test/support/http/scripted-api.js';

const FILE = { id: 'f', name: 'a.png', mediaType: 'image/png', bytes: 3, width: 1, height: 1, createdAt: 'now' };
const BYTES = new Uint8Array([0, 13, 10, 255]);

const unavailable: ScriptedAnswer = { status: 503, json: { code: 'service_unavailable' } };

const inTurn = (...answers: (ScriptedAnswer | null)[]) =>
  loggedInClient((_, index) => answers[index] ?? { status: 500, json: { code: 'internal_error' } });

/** The file of a form, as a server reads it. */
async function fileOf({ upload, headers }: ReceivedCall): Promise<File> {
  const form = await new Response(upload, { headers: { 'Content-Type': headers['Content-Type']! } }).formData();
  expect([...form.keys()]).toEqual(['file']);
  return form.get('file') as File;
}

const bytesOf = async (blob: Blob): Promise<number[]> => [...new Uint8Array(await blob.arrayBuffer())];

describe('uploading', () => {
  it('sends bytes and blobs as a form with one file', async () => {
    const { api, chat } = await inTurn({ status: 201, json: FILE }, { json: FILE }, { json: FILE });
    expect(await chat.files.upload(BYTES, { name: 'Ünï "5"\r\n.png' })).toEqual(FILE);
    await chat.files.upload(new Blob([BYTES], { type: 'image/png' }));
    await chat.files.upload(new File([BYTES], 'own.png'));
    expect(new Set(api.requests)).toEqual(new Set(['POST /file']));
    const files = await Promise.all(api.calls.map(fileOf));
    // Readers of forms differ in whether they read back what had to be escaped.
    expect(files.map(({ name }) => decodeURIComponent(name))).toEqual(['Ünï "5"\r\n.png', 'file', 'own.png']);
    expect(files.map(({ type }) => type)).toEqual([
      'application/octet-stream',
      'image/png',
      'application/octet-stream',
    ]);
    for (const file of files) expect(await bytesOf(file)).toEqual([...BYTES]);
    expect(api.calls[0]!.upload).toBeInstanceOf(ArrayBuffer);
    expect(api.calls[0]!.headers['Authorization']).toBe('Bearer access 1');
  });

  it('takes only the part of a buffer that was given', async () => {
    const { api, chat } = await inTurn({ json: FILE });
    await chat.files.upload(new Uint8Array(BYTES.buffer, 1, 2));
    expect(await bytesOf(await fileOf(api.calls[0]!))).toEqual([13, 10]);
  });

  it('is tried again when the connection fails, and not when it is refused', async () => {
    const refusal = { status: 415, json: { code: 'file_type_not_supported' } };
    const { api, chat } = await inTurn(null, unavailable, { status: 201, json: FILE }, refusal);
    expect(await chat.files.upload(BYTES)).toEqual(FILE);
    for (const call of api.calls) expect(await bytesOf(await fileOf(call))).toEqual([...BYTES]);
    await expect(chat.files.upload(BYTES)).rejects.toMatchObject({ code: 'file_type_not_supported', status: 415 });
    expect(api.calls).toHaveLength(4);
  });

  it('may take longer than other calls, and ends by its signal', async () => {
    const answer = (): Promise<ScriptedAnswer> =>
      new Promise((resolve) => setTimeout(() => resolve({ json: FILE }), 60));
    const { chat } = await loggedInClient(answer, { timeoutMs: 20 });
    await expect(chat.files.get('f')).rejects.toMatchObject({ code: 'timeout' });
    expect(await chat.files.upload(BYTES)).toEqual(FILE);
    const leaving = new AbortController();
    const upload = chat.files.upload(BYTES, { signal: leaving.signal });
    leaving.abort();
    await expect(upload).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a file', () => {
  it('is read, with its bytes, and deleted', async () => {
    const bytes = new Blob([BYTES], { type: 'image/png' });
    const { api, chat } = await inTurn({ json: FILE }, null, { bytes }, null, { status: 404, json: {} });
    expect(await chat.files.get('f/1')).toEqual(FILE);
    const content = await chat.files.content('f/1');
    expect([content.type, await bytesOf(content)]).toEqual(['image/png', [...BYTES]]);
    await chat.files.delete('f/1');
    const [path, content1] = ['/file/f%2F1', 'GET /file/f%2F1/content'];
    expect(api.requests).toEqual([`GET ${path}`, content1, content1, `DELETE ${path}`, `DELETE ${path}`]);
  });

  it('has an address', async () => {
    const { chat } = await loggedInClient(() => null, { baseUrl: 'https://api.example/' });
    expect(chat.files.contentUrl('f')).toBe('https://api.example/file/f/content');
  });

  it('has no bytes where the platform’s fetch has none', async () => {
    const { chat } = await inTurn({ json: FILE });
    await expect(chat.files.content('f')).rejects.toMatchObject({ code: 'unexpected_answer' });
  });
});

it('is named in what is sent and edited', async () => {
  const accepted = { message: { id: 'n' }, reply: { id: 'b' } };
  const { api, chat } = await inTurn(
    { json: accepted },
    { json: accepted },
    { status: 404, json: { code: 'file_not_found' } },
  );
  await chat.edit('r', 'm', 'Anew', { files: [] });
  await chat.edit('r', 'm', 'Anew');
  const reply = chat.send('r', '', { files: ['f', 'g'] });
  await expect(reply.final()).rejects.toMatchObject({ code: 'file_not_found' });
  expect(api.calls.map(({ body }) => JSON.parse(body!) as unknown)).toEqual([
    { content: 'Anew', files: [] },
    { content: 'Anew' },
    { content: '', files: ['f', 'g'] },
  ]);
});
