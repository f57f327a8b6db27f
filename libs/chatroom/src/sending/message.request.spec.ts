import 'reflect-metadata';
import { createHash, randomUUID } from 'node:crypto';
import { RequestValidationPipe, ValidationFailedError } from '@app/platform';
import { editRequest, readIdempotencyKey, regenerateRequest, sendRequest } from './idempotency-key.js';
import { EditMessageRequest, SendMessageRequest } from './message.request.js';

const read = (content: unknown): Promise<unknown> =>
  new RequestValidationPipe().transform({ content }, { type: 'body', metatype: SendMessageRequest });

describe('a message', () => {
  it.each([
    ['nothing', ''],
    ['white space alone', ' \n\t\u00a0'],
    ['NUL', '\0'],
    ['NUL in a text', 'a\0b'],
    ['no text', 7],
    // A pattern that tries every way to split this would be at it for minutes.
    ['NUL behind all that a body can hold', `${'a'.repeat(250_000)}\0`],
    ['white space for a whole body', ' '.repeat(250_000)],
  ])('that is or holds %s is refused', async (_, content) => {
    await expect(read(content)).rejects.toBeInstanceOf(ValidationFailedError);
  });

  it.each([['x'], [' x '], ['🌍'], ['x'.repeat(250_000)]])('like %j is taken', async (content) => {
    await expect(read(content)).resolves.toEqual({ content });
  });
});

describe('a message with files', () => {
  const FILE = '01936b2f-2d4e-7c1a-9b7f-5e2d8c4a1f60';
  const readAll = (
    body: object,
    metatype: typeof SendMessageRequest | typeof EditMessageRequest = SendMessageRequest,
  ) => new RequestValidationPipe().transform(body, { type: 'body', metatype }) as Promise<SendMessageRequest>;

  it.each([[''], [' \n']])('may have the text %j', async (content) => {
    const files = [FILE];
    await expect(readAll({ content, files })).resolves.toEqual({ content, files });
    await expect(readAll({ content, files }, EditMessageRequest)).resolves.toEqual({ content, files });
  });

  it('may write their ids in either case, but each once', async () => {
    expect((await readAll({ content: '', files: [FILE.toUpperCase()] })).files).toEqual([FILE]);
    const twice = readAll({ content: '', files: [FILE, FILE.toUpperCase()] });
    await expect(twice).rejects.toBeInstanceOf(ValidationFailedError);
  });

  it.each([
    ['no text', { files: [FILE] }],
    ['a text that is none', { content: 7, files: [FILE] }],
    ['NUL', { content: '\0', files: [FILE] }],
    ['an empty list', { content: '', files: [] }],
    ['a list that is none', { content: '', files: FILE }],
    ['a list that only looks like one', { content: '', files: { length: 1, 0: FILE } }],
    ['null', { content: 'Hi', files: null }],
    ['an id that is none', { content: '', files: ['x'] }],
    ['more than any plan allows', { content: '', files: Array.from({ length: 101 }, () => randomUUID()) }],
  ])('and with %s is refused', async (_, body) => {
    await expect(readAll(body)).rejects.toBeInstanceOf(ValidationFailedError);
    await expect(readAll(body, EditMessageRequest)).rejects.toBeInstanceOf(ValidationFailedError);
  });
});

describe('the fingerprint of a request', () => {
  const hash = (request: Parameters<typeof readIdempotencyKey>[1]) =>
    readIdempotencyKey('k', request)!.requestHash.toString('hex');

  it('is without files what it was before there were any', () => {
    const before = createHash('sha256').update('["room","text"]').digest('hex');
    expect([sendRequest('room', 'text'), sendRequest('room', 'text', [])].map(hash)).toEqual([before, before]);
    const edited = createHash('sha256').update('["edit","room","message","text"]').digest('hex');
    expect(hash(editRequest('room', 'message', 'text'))).toBe(edited);
  });

  it('tells files, their order, and an edit that names none', () => {
    const all = [
      ...[sendRequest('a', 'b'), sendRequest('a', 'b', ['c']), sendRequest('a', 'b', ['c', 'd'])],
      ...[sendRequest('a', 'b', ['d', 'c']), sendRequest('send', 'a'), editRequest('a', 'b', 'c')],
      ...[editRequest('a', 'b', 'c', []), editRequest('a', 'b', 'c', ['d']), regenerateRequest('a', 'b')],
    ];
    expect(new Set(all.map(hash)).size).toBe(all.length);
  });
});
