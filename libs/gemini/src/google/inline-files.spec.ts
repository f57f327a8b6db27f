import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import type { ModelFile } from '../model/language-model.port.js';
import { asking } from '../../../../test/support/model/heard.js';
import { contentsOf } from './gemini-contents.js';
import { InlineFiles } from './inline-files.js';
import { ModelCall } from './model-call.js';

const content = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"}', 'inline-', '\u2028', '"inlineData":{"data":"QUJD"}'),
);
const question = fc.record({ text, files: fc.array(content, { maxLength: 3 }) });

let call: ModelCall;
beforeEach(() => (call = new ModelCall(new AbortController().signal, 60_000)));
afterEach(() => call.end());

const fileOf = (bytes: Buffer): ModelFile => ({
  ...{ mediaType: 'image/png', bytes: bytes.length, tokens: 1 },
  open: () => Readable.from(bytes.length > 3 ? [bytes.subarray(0, 3), bytes.subarray(3)] : [bytes]),
});

/** A conversation in which these were asked, as an SDK makes a body of it. */
function bodyOf(questions: { text: string; files: Buffer[] }[], inline: InlineFiles): string {
  const history = questions.map((each) => ({ role: 'user' as const, text: each.text, files: each.files.map(fileOf) }));
  return JSON.stringify({ contents: contentsOf(asking({ history }), inline) });
}

interface Body {
  contents: { parts: { text?: string; inlineData?: { data: string } }[] }[];
}
const partsIn = (json: string) => (JSON.parse(json) as Body).contents.flatMap(({ parts }) => parts);

describe('a body with files', () => {
  it('is the JSON with the bytes in base64 in their places, as long as it was said to be, whatever the texts are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(question, { minLength: 1, maxLength: 4 }), async (questions) => {
        const inline = new InlineFiles(call);
        const body = bodyOf(questions, inline);
        const filled = inline.fill(body);
        const sent = filled === null ? Buffer.from(body) : await buffer(Readable.from(filled.chunks));
        expect(sent.length).toBe(filled?.length ?? Buffer.byteLength(body));
        const parts = partsIn(sent.toString());
        const files = questions.flatMap((each) => each.files);
        expect(parts.flatMap(({ inlineData }) => (inlineData === undefined ? [] : [inlineData.data]))).toEqual(
          files.map((bytes) => bytes.toString('base64')),
        );
        expect(parts.flatMap((part) => part.text ?? [])).toEqual([
          ...questions.filter((each) => each.text !== '' || each.files.length === 0).map((each) => each.text),
          'Hello',
        ]);
      }),
    );
  });

  it('takes no text for a file, not even one that names the mark of an earlier request', async () => {
    const earlier = new InlineFiles(call).markOf(fileOf(Buffer.from('secret')));
    const inline = new InlineFiles(call);
    const filled = inline.fill(bodyOf([{ text: earlier, files: [Buffer.from('mine')] }], inline));
    const parts = partsIn((await buffer(Readable.from(filled!.chunks))).toString());
    expect(parts.map((part) => part.text ?? part.inlineData?.data)).toEqual(['bWluZQ==', earlier, 'Hello']);
  });

  it('is not sent where a text holds the very mark, which can not be guessed', () => {
    const inline = new InlineFiles(call, 'inline-known');
    const body = bodyOf([{ text: 'inline-known', files: [Buffer.from('mine')] }], inline);
    expect(() => inline.fill(body)).toThrow('not clear');
    const marks = Array.from({ length: 100 }, () => new InlineFiles(call).markOf(fileOf(Buffer.from('a'))));
    expect(new Set(marks).size).toBe(100);
  });

  it('stays as it is without files', () => {
    const inline = new InlineFiles(call);
    expect(inline.fill(bodyOf([{ text: 'Hi', files: [] }], inline))).toBeNull();
  });
});
