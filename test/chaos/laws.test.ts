import { brokenEdits, type KnownEdits, type StoredMessage } from './edit-law.js';
import { mostAtOnce, type ReplyLife } from './fairness.js';
import { brokenFiles, type KnownFiles, orphans, type StoredFiles } from './file-laws.js';
import { NO_USE, type SeenCall } from './seen-calls.js';
import { brokenUsage, type LedgerSums, type StoredSums } from './usage-law.js';

const MODEL = 'a-model';
const USE = { prompt: 10, cached: 4, thought: 2, reply: 5, searches: 1 };

const call = (prompt: string, from: number, to: number, more: Partial<SeenCall> = {}): SeenCall => ({
  ...{ client: 'One', purpose: 'reply', prompt, model: MODEL, apiKey: 'first', from, to, aborted: false, known: USE },
  ...more,
});
const life = (prompt: string, from: number, to: number): ReplyLife => ({ prompt, from, to });

describe('the calls of a client at a moment', () => {
  const lives = [life('a', 0, 100_000), life('b', 0, 100_000), life('c', 0, 100_000)];
  const most = (calls: SeenCall[], freezes: Parameters<typeof mostAtOnce>[2] = []) =>
    mostAtOnce(calls, lives, freezes).get('One') ?? 0;

  it.each([
    ['all that are open', [call('a', 0, 10), call('b', 5, 15), call('c', 9, 20)], 3],
    ['not one that ends as another begins', [call('a', 0, 10), call('b', 10, 15)], 1],
    [
      'not one that a newer call for the same reply has replaced',
      [call('a', 0, 50), call('a', 10, 15), call('b', 20, 30)],
      1,
    ],
    [
      'one that its worker has closed until shortly before',
      [call('a', 0, 1_000, { aborted: true }), call('b', 500, 600)],
      2,
    ],
    [
      'not the moment in which a connection is closed',
      [call('a', 0, 1_000, { aborted: true }), call('b', 950, 2_000)],
      1,
    ],
    ['none for a title', [call('a', 0, 10), call('b', 0, 10, { purpose: 'title' })], 1],
    ['none of a reply that has ended', [call('a', 0, 300_000), call('b', 200_000, 300_000)], 1],
  ])('are %s', (_what, calls, expected) => {
    expect(most(calls)).toBe(expected);
  });

  it('are none of a worker that is frozen', () => {
    const calls = [call('a', 0, 9_000), call('b', 8_000, 8_500, { apiKey: 'second' })];
    expect(most(calls)).toBe(2);
    expect(most(calls, [{ apiKey: 'first', from: 5_000, to: 9_000 }])).toBe(1);
    expect(most(calls, [{ apiKey: 'second', from: 5_000, to: 7_500 }])).toBe(1);
  });
});

describe('the law of the ledger', () => {
  const key = { client: 'One', model: MODEL, purpose: 'reply' } as const;
  const ledger = (calls: number, estimated: number, use = USE): LedgerSums[] => [{ ...key, calls, estimated, use }];
  const stored = (begun: number, told: number, use = NO_USE): StoredSums[] => [{ ...key, begun, told, use }];
  const seen = [call('a', 0, 10)];
  const unanswered = call('b', 0, 10, { known: null });

  it.each([
    ['a call that is recorded with its use', ledger(1, 0), stored(1, 1, USE), seen],
    ['a call that nothing is known of', ledger(2, 1, { ...USE, prompt: 25 }), stored(2, 1, USE), [...seen, unanswered]],
    ['an estimate of a call that was not made', ledger(2, 1, { ...USE, prompt: 25 }), stored(2, 1, USE), seen],
    ['an answer that its worker did not live to store', ledger(1, 1), stored(1, 0), seen],
    [
      'a stopped call of whose answer less has arrived',
      ledger(1, 0, { ...USE, reply: 3, searches: 0 }),
      stored(1, 0),
      seen,
    ],
  ])('is kept by %s', (_what, ...evidence) => {
    expect(brokenUsage(...evidence)).toEqual([]);
  });

  it.each([
    ['a call that is missing', [], [], seen, '1 calls were made, 0 are recorded'],
    [
      'a call that counts twice',
      ledger(2, 0),
      stored(1, 0),
      [...seen, call('b', 0, 1)],
      '2 calls are recorded, 1 were begun',
    ],
    [
      'an estimate that is not marked',
      ledger(1, 0),
      stored(1, 0),
      [unanswered],
      'the use of 0 calls was told, of 1 it is recorded',
    ],
    [
      'a known use that is called an estimate',
      ledger(1, 1),
      stored(1, 1, USE),
      seen,
      '1 replies tell their use, 0 calls are recorded with it',
    ],
    [
      'tokens that were not used',
      ledger(1, 0, { ...USE, prompt: 11 }),
      stored(1, 0),
      seen,
      '11 prompt tokens are recorded instead of 10 to 10',
    ],
    [
      'tokens that are missing',
      ledger(1, 0, { ...USE, reply: 3 }),
      stored(1, 1, USE),
      seen,
      '3 reply tokens are recorded instead of 5 to 5',
    ],
    [
      'a search that is missing',
      ledger(1, 0, { ...USE, searches: 0 }),
      stored(1, 1, USE),
      seen,
      '0 searches are recorded instead of 1 to 1',
    ],
    [
      'a search that was not made',
      ledger(1, 0, { ...USE, searches: 2 }),
      stored(1, 0),
      seen,
      '2 searches are recorded instead of 0 to 1',
    ],
  ])('is broken by %s', (_what, rows, replies, calls, violation) => {
    expect(brokenUsage(rows, replies, calls)).toContain(`One, ${MODEL}, reply: ${violation}`);
  });
});

describe('the law of edits', () => {
  const stored = (id: string, seq: number, replyTo: string | null, superseded = false): StoredMessage => ({
    ...{ id, seq, replyTo, superseded, roomId: 'room', lastSeq: 5 },
  });
  /** A question with two variants of its reply, and the one that has replaced it. */
  const edited = [
    stored('asked', 1, null, true),
    stored('first', 2, 'asked', true),
    stored('second', 3, 'asked', true),
    stored('anew', 4, null),
    stored('answer', 5, 'anew'),
  ];
  const known: KnownEdits = {
    accepted: [{ messageId: 'anew', replaces: 'asked' }],
    unsure: new Set(),
    shown: [{ roomId: 'room', messages: ['anew', 'answer'] }],
  };
  const changed = (id: string, change: Partial<StoredMessage>) =>
    edited.map((each) => (each.id === id ? { ...each, ...change } : each));

  it('is kept by an edit after two variants, and by one that the client has heard nothing of', () => {
    expect(brokenEdits(edited, known)).toEqual([]);
    expect(brokenEdits(edited, { ...known, accepted: [], unsure: new Set(['asked']) })).toEqual([]);
  });

  it.each<[string, StoredMessage[], Partial<KnownEdits>, string]>([
    [
      'a question that stays in the lists',
      changed('asked', { superseded: false }),
      {},
      'asked was replaced, and is still in the lists',
    ],
    [
      'a reply that stays in the lists',
      changed('second', { superseded: false }),
      {},
      'second was replaced, and is still in the lists',
    ],
    ['a question that leaves them by itself', edited, { accepted: [] }, 'asked has left the lists without an edit'],
    [
      'two edits of one question',
      edited,
      { accepted: [...known.accepted, { messageId: 'other', replaces: 'asked' }] },
      'asked was replaced 2 times',
    ],
    ['a gap', changed('answer', { seq: 6 }), {}, 'room has the positions 1, 2, 3, 4, 6 of 5'],
    ['a position that is taken twice', changed('answer', { seq: 4 }), {}, 'room has the positions 1, 2, 3, 4, 4 of 5'],
    ['a message that is missing at the end', edited.slice(0, -1), {}, 'room has the positions 1, 2, 3, 4 of 5'],
    [
      'a list that shows what was replaced',
      edited,
      { shown: [{ roomId: 'room', messages: ['asked', 'anew', 'answer'] }] },
      'room shows 3 messages (asked, anew, answer) instead of anew, answer',
    ],
    [
      'a list in another order',
      edited,
      { shown: [{ roomId: 'room', messages: ['answer', 'anew'] }] },
      'room shows 2 messages (answer, anew) instead of anew, answer',
    ],
  ])('is broken by %s', (_what, messages, change, violation) => {
    expect(brokenEdits(messages, { ...known, ...change })).toContain(violation);
  });
});

describe('the laws of files', () => {
  const [PICTURE, PAGE] = ['1a2b3c4d0000', '5e6f70810000'];
  const stored: StoredFiles = {
    messages: [
      {
        id: 'asked',
        roomId: 'room',
        role: 'user',
        status: 'completed',
        replyTo: null,
        content: 'What are they?',
        files: ['picture', 'page'],
      },
      {
        ...{ id: 'answer', roomId: 'room', role: 'bot', status: 'completed', replyTo: 'asked', files: [] },
        content:
          'You said: "What are they?". I got: image/png, 4 bytes, 1a2b3c4d; image/png, 6 bytes, 5e6f7081. I was told: "x"',
      },
      {
        id: 'copy',
        roomId: 'fork',
        role: 'user',
        status: 'completed',
        replyTo: null,
        content: 'What are they?',
        files: ['picture', 'page'],
      },
    ],
    uses: ['asked', 'copy'].flatMap((messageId) => ['picture', 'page'].map((fileId) => ({ messageId, fileId }))),
    files: [
      { id: 'picture', bytes: 4, expires: false },
      { id: 'page', bytes: 6, expires: false },
    ],
    contents: [
      { fileId: 'picture', bytes: 4 },
      { fileId: 'page', bytes: 5 },
      { fileId: 'page', bytes: 1 },
    ],
    removals: [],
  };
  const known: KnownFiles = {
    accepted: [{ messageId: 'asked', roomId: 'room', content: 'What are they?', files: ['picture', 'page'] }],
    digests: new Map([
      ...[['picture', PICTURE] as const, ['page', PAGE] as const],
      ...[['deleted', 'ffff'] as const, ['forgotten', 'eeee'] as const],
    ]),
    read: new Map([...[['picture', PICTURE] as const, ['page', PAGE] as const], ['deleted', null] as const]),
    deletedRooms: new Set(['another room']),
    deletedFiles: new Set(['deleted']),
  };
  /** The same, but for one message. */
  const changed = (id: string, change: Partial<StoredFiles['messages'][number]>): Partial<StoredFiles> => ({
    messages: stored.messages.map((each) => (each.id === id ? { ...each, ...change } : each)),
  });
  const UNHEARD = 'You said: "What are they?".';
  const answer = (heard: string) => changed('answer', { content: `You said: "What are they?". I got: ${heard}.` });

  it.each<[string, Partial<StoredFiles>]>([
    ['files in a message and in a copy', {}],
    [
      'an answer that was stopped in the middle of them',
      changed('answer', { status: 'cancelled', content: 'You said: "What are they?". I got: image/png, 4 by' }),
    ],
    ['an answer that was stopped before', changed('answer', { status: 'cancelled', content: UNHEARD })],
    ['an answer that is no echo', changed('answer', { content: 'Sunny.' })],
  ])('are kept by %s', (_what, change) => {
    expect(brokenFiles({ ...stored, ...change }, known)).toEqual([]);
    expect(orphans({ ...stored, ...change })).toEqual([]);
  });

  it.each<[string, Partial<StoredFiles>, Partial<KnownFiles>, string]>([
    ['a message that lacks a file', changed('asked', { files: ['picture'] }), {}, 'asked has the files [picture]'],
    [
      'files in another order',
      changed('asked', { files: ['page', 'picture'] }),
      {},
      'asked has the files [page,picture]',
    ],
    ['a copy without files', changed('copy', { files: [] }), {}, 'copy has the files [] instead of [picture,page]'],
    ['a message that is missing', { messages: stored.messages.slice(1) }, {}, 'asked is missing'],
    ['a file of a message that is missing', {}, { read: new Map([['picture', PICTURE]]) }, 'page is read as missing'],
    ['other bytes', {}, { read: new Map([...known.read, ['page', 'other']]) }, 'page is read as other'],
    [
      'a model that got no file',
      changed('answer', { content: UNHEARD }),
      {},
      'answers files with [] instead of [1a2b3c4d,5e6f7081]',
    ],
    [
      'a model that got one file',
      answer('image/png, 4 bytes, 1a2b3c4d'),
      {},
      'answers files with [1a2b3c4d] instead of',
    ],
    [
      'a model that got other bytes',
      answer('image/png, 4 bytes, 1a2b3c4d; image/png, 6 bytes, 00000000'),
      {},
      'answers files with [1a2b3c4d,00000000] instead of [1a2b3c4d,5e6f7081]',
    ],
    ['a message of a deleted room', {}, { deletedRooms: new Set(['fork']) }, 'copy is left of fork, which was deleted'],
    [
      'a deleted file',
      {},
      { read: new Map([...known.read, ['deleted', 'ffff']]) },
      'deleted can be read after its end',
    ],
  ])('are broken by %s', (_what, change, more, violation) => {
    const violations = brokenFiles({ ...stored, ...change }, { ...known, ...more });
    expect(violations).toContainEqual(expect.stringContaining(violation));
  });

  it.each<[string, Partial<StoredFiles>, string]>([
    ['a use that is missing', { uses: stored.uses.slice(1) }, 'message_file lacks asked picture'],
    [
      'a use that no message has',
      { uses: [...stored.uses, { messageId: 'asked', fileId: 'other' }] },
      'message_file has asked other, the message has not',
    ],
    ['a file without a row', { files: stored.files.slice(1) }, 'picture is in a message, and has no row'],
    [
      'a file in use that expires',
      { files: stored.files.map((file) => ({ ...file, expires: file.id === 'page' })) },
      'page is in a message, and expires',
    ],
    [
      'a file without a use that never expires',
      { files: [...stored.files, { id: 'lost', bytes: 0, expires: false }] },
      'lost is in no message, and never expires',
    ],
    [
      'a file that the sweep has left',
      { files: [...stored.files, { id: 'old', bytes: 0, expires: true }] },
      'old has expired, and is left',
    ],
    [
      'bytes without a file',
      { contents: [...stored.contents, { fileId: 'begun', bytes: 9 }] },
      'begun has bytes, and no row',
    ],
    ['bytes that are missing', { contents: stored.contents.slice(0, 2) }, 'page has 5 bytes instead of 6'],
    ['a removal that is not done', { removals: ['deleted'] }, 'deleted is still to be removed'],
  ])('find %s', (_what, change, violation) => {
    expect(orphans({ ...stored, ...change })).toContain(violation);
  });
});
