import { HEAD_BYTES, mediaTypeOf } from './media-type.js';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));
const zeros = (count: number): number[] => Array<number>(count).fill(0);

const ftyp = (brand: string) => bytes([0, 0, 0, 20], `ftyp${brand}`, zeros(8));
const handler = (kind: string) => bytes([0, 0, 0, 33], 'hdlr', zeros(8), kind, zeros(13));
const ebml = bytes([0x1a, 0x45, 0xdf, 0xa3, 0x87, 0x42, 0x82, 0x84], 'webm');
const codec = (name: string) => bytes([0x86, 0x80 + name.length], name, zeros(4));
const oggPage = (content: Buffer) => bytes('OggS', zeros(24), [...content], zeros(16));
const mpegFrames = (second: number) =>
  Buffer.concat(Array.from({ length: 4 }, () => Buffer.concat([bytes([0xff, second, 0x90, 0x00]), Buffer.alloc(413)])));

describe('the type of a file', () => {
  const taken: [string, Buffer, string][] = [
    ['PNG', bytes([0x89], 'PNG\r\n', [0x1a], '\n', zeros(3), [13], 'IHDR', zeros(17), zeros(4), 'IDAT'), 'image/png'],
    ['JPEG', bytes([0xff, 0xd8, 0xff, 0xe0, 0, 16], 'JFIF', zeros(20)), 'image/jpeg'],
    ['WebP', bytes('RIFF', [36, 0, 0, 0], 'WEBPVP8 ', zeros(30)), 'image/webp'],
    ['HEIC', ftyp('heic'), 'image/heic'],
    ['HEIF', ftyp('mif1'), 'image/heif'],
    ['PDF', bytes('%PDF-1.7\n', [0xe2, 0xe3, 0xcf, 0xd3], '\n1 0 obj'), 'application/pdf'],
    ['PDF of readable text that is a page, too', bytes('%PDF-1.7\n<script>alert(1)</script>'), 'application/pdf'],
    ['WAV', bytes('RIFF', [36, 0, 0, 0], 'WAVEfmt ', zeros(30)), 'audio/wav'],
    [
      'MP3 with a tag',
      bytes('ID3', [4, 0, 0, 0, 0, 0, 10], zeros(10), [0xff, 0xfb, 0x90, 0], zeros(420)),
      'audio/mpeg',
    ],
    [
      'MP3 whose tag is longer than what was read',
      bytes('ID3', [4, 0, 0, 0x7f, 0x7f, 0x7f, 0x7f], zeros(90)),
      'audio/mpeg',
    ],
    ['MP3 without a tag', mpegFrames(0xfb), 'audio/mpeg'],
    ['AIFF', bytes('FORM', zeros(4), 'AIFFCOMM', zeros(20)), 'audio/aiff'],
    ['AAC', bytes([0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc], zeros(60)), 'audio/aac'],
    ['Ogg with Opus', oggPage(bytes('OpusHead', [1, 2])), 'audio/ogg'],
    ['Ogg with Vorbis', oggPage(bytes([1], 'vorbis', [0, 0])), 'audio/ogg'],
    ['FLAC', bytes('fLaC', [0, 0, 0, 34], zeros(34)), 'audio/flac'],
    ['M4A', ftyp('M4A '), 'audio/mp4'],
    ['MP4 that holds sound alone', Buffer.concat([ftyp('iso5'), handler('soun')]), 'audio/mp4'],
    ['WebM that holds sound alone', Buffer.concat([ebml, codec('A_OPUS')]), 'audio/webm'],
    ['a text', Buffer.from('Grüße aus 東京'), 'text/plain'],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>%PDF-1.7'), 'text/plain'],
    ['a picture in SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'text/plain'],
    ['a text that begins like a sound', Buffer.from('ID3 is a way to tag sounds.'), 'text/plain'],
    [
      'a text that is cut off within a character',
      Buffer.from('東'.repeat(HEAD_BYTES)).subarray(0, HEAD_BYTES),
      'text/plain',
    ],
  ];

  it.each(taken)('%s', async (_, head, mediaType) => {
    expect(await mediaTypeOf(head)).toBe(mediaType);
  });

  it.each([
    ['MP4 with a video', Buffer.concat([ftyp('isom'), handler('soun'), handler('vide')])],
    ['MP4 that does not say', ftyp('isom')],
    ['WebM with a video', Buffer.concat([ebml, codec('A_OPUS'), codec('V_VP9')])],
    ['GIF', bytes('GIF89a', zeros(20))],
    ['a program', bytes('MZ', zeros(80))],
    ['an archive', bytes('PK', [3, 4, 20, 0], zeros(40))],
    ['bytes of no format', bytes([0x80, 0x81, 0, 1, 2, 3])],
  ])('none that is taken but perhaps text, which all of its bytes decide: %s', async (_, head) => {
    expect(await mediaTypeOf(head)).toBe('text/plain');
  });
});
