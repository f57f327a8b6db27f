import { RefusedRequestError } from '@app/platform';
import { contentHeaders, isKnown, rangeOf } from './content-headers.js';

const file = {
  id: 'b',
  name: 'x',
  mediaType: 'text/plain',
  bytes: 10,
  width: null,
  height: null,
  createdAt: new Date(),
};

describe('a range', () => {
  it.each([
    [undefined, null],
    ['bytes=0-3', { start: 0, end: 3 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=8-99', { start: 8, end: 9 }],
    ['bytes=0-1,4-5', null],
    ['lines=0-1', null],
    ['bytes=3-1', null],
    ['nonsense', null],
  ])('%s is %j', (header, range) => {
    expect(rangeOf(file, header)).toEqual(range);
  });

  it.each(['bytes=10-', 'bytes=-0'])('%s is none of the file', (header) => {
    expect(() => rangeOf(file, header)).toThrow(RefusedRequestError);
  });
});

describe('the headers of a content', () => {
  it.each([
    ['image/png', 'inline'],
    ['audio/mpeg', 'inline'],
    ['application/pdf', 'inline'],
    ['text/plain', 'attachment'],
  ])('of %s say %s', (mediaType, type) => {
    const headers = contentHeaders({ ...file, mediaType, name: 'Größe "1".x' });
    expect(headers['Content-Disposition']).toBe(
      `${type}; filename="Gr??e \\"1\\".x"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.x`,
    );
  });

  it('name the content, so that who has it need not load it', () => {
    expect(['"b"', 'W/"b"', '"a", "b"', '*'].every((header) => isKnown(file, header))).toBe(true);
    expect([undefined, '"a"', 'b'].some((header) => isKnown(file, header))).toBe(false);
  });
});
