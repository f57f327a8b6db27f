import { fitted, isPicture, notTakenText, sizeText } from './file-text.js';

describe('a file', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [15_400, '15 kB'],
    [2_345_678, '2.3 MB'],
    [7_000_000_000_000, '7000 GB'],
  ])('of %d bytes has the size %s', (bytes, text) => expect(sizeText(bytes)).toBe(text));

  it('is a picture where browsers can show it', () => {
    expect(isPicture({ mediaType: 'image/png' })).toBe(true);
    for (const mediaType of ['image/heic', 'image/svg+xml', 'application/pdf']) {
      expect(isPicture({ mediaType })).toBe(false);
    }
  });
});

describe('the size of an image', () => {
  const most = { width: 200, height: 100 };

  it('is its own, where that fits', () => {
    expect(fitted({ width: 20, height: 30 }, most)).toEqual({ width: 20, height: 30 });
  });

  it('has the proportions of a larger one', () => {
    expect(fitted({ width: 4_000, height: 1_000 }, most)).toEqual({ width: 200, height: 50 });
    expect(fitted({ width: 100, height: 1_000 }, most)).toEqual({ width: 10, height: 100 });
    expect(fitted({ width: 9_000, height: 1 }, most)).toEqual({ width: 200, height: 1 });
  });

  it('is a square while it is not known', () => {
    expect(fitted({ width: null, height: null }, most)).toEqual({ width: 100, height: 100 });
  });
});

describe('files that a model does not take', () => {
  const model = { name: 'reader', label: 'Reader', default: false, files: ['text', 'pdf'] };
  const models = [
    { ...model, name: 'all', label: 'All', default: true, files: ['image', 'pdf', 'audio', 'text'] },
    model,
  ];
  const files = [
    { name: 'sky.png', mediaType: 'image/png' },
    { name: 'paper.pdf', mediaType: 'application/pdf' },
    { name: 'note.txt', mediaType: 'text/plain' },
    { name: 'song.mp3', mediaType: 'audio/mpeg' },
  ];

  it('are named', () => {
    expect(notTakenText(files, models, 'reader')).toMatch(
      /^The model of this chat, Reader, does not take “sky\.png” and “song\.mp3”\. Change the message/,
    );
  });

  it('are not named where they are not known', () => {
    expect(notTakenText(files, models, null)).toBeNull();
    expect(notTakenText(files, models, 'other')).toBeNull();
    expect(notTakenText(files, [], null)).toBeNull();
  });
});
