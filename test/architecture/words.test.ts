import { type SourceFile } from '../../scripts/checks/source-files.mjs';
import { bannedWords, EXCEPTIONS, readProject } from '../../scripts/checks/words.mjs';
import { root } from './planted-tree.js';

const planted = (text: string, path = 'libs/auth/src/planted.ts'): SourceFile => ({ path, text });

const wordsIn = (file: SourceFile) => bannedWords([file]).map(({ word }) => word);

describe('a banned word', () => {
  it.each([
    ['a comment', '// The bell is heard.\n'],
    ['an identifier', 'const replyBell = 1;\n'],
    ['an identifier of several words', 'const ringBellTwice = 1;\n', 2],
    ['the name of a class', 'class HTTPBell {}\n'],
    ['a constant', 'const PATIENCE_MS = 1;\n'],
    ['SQL', 'const text = `UPDATE reply SET fence = 1`;\n'],
    ['a log line', "logger.warn('Nobody is there');\n"],
    ['the name of an event', "emit('job-gone');\n"],
    ['a phrase', '// There is room for more.\n'],
    ['an identifier that is a phrase', 'const giveBack = 1;\n'],
    ['a phrase with an object in between', '// The worker gives the reply back.\n'],
    ['a phrase over two lines of a comment', '/**\n * A worker gives\n * back what it claimed.\n */\n'],
  ])('is reported in %s', (_place, text, count = 1) => {
    expect(wordsIn(planted(text))).toHaveLength(count);
  });

  it('is reported with its place and with what to say', () => {
    expect(bannedWords([planted('const a = 1;\nconst farewell = 1;\n')])).toEqual([
      { place: 'libs/auth/src/planted.ts:2', word: 'farewell', instead: 'shutdown' },
    ]);
  });

  it.each([
    'string',
    'storage',
    'ordering',
    'bring',
    'heartbeat',
    'defences',
    'wrong',
    'label',
    'engine',
    'fencing_token',
  ])('is not seen in %s', (text) => {
    expect(wordsIn(planted(text))).toEqual([]);
  });

  it('is allowed only where its exception says', () => {
    const text = 'const audience = 1;\n';
    expect(wordsIn(planted(text, 'libs/auth/src/token/planted.ts'))).toEqual([]);
    expect(wordsIn(planted(text, 'libs/chatroom/src/planted.ts'))).toEqual(['audience']);
  });

  describe('in the project', () => {
    let files: SourceFile[];

    beforeAll(async () => {
      files = await readProject(root);
    });

    it('is nowhere', () => {
      expect(bannedWords(files)).toEqual([]);
      // Nothing to find and nothing read would look the same.
      expect(files.length).toBeGreaterThan(500);
    });

    it.each(EXCEPTIONS)('has no exception without a use: $because', (exception) => {
      const others = EXCEPTIONS.filter((each) => each !== exception);
      expect(bannedWords(files, others)).not.toEqual([]);
    });
  });
});
