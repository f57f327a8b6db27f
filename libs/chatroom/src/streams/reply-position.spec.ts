import fc from 'fast-check';
import { doneEventId, eventId, NO_POSITION, parsePosition } from './reply-position.js';

const REPLY = '0192d3c4-5e6f-7a8b-9c0d-3f0a5c1e8b20';

const offset = fc.nat({ max: 999_999_999 });
const position = fc.record({ attempt: fc.integer({ min: 1, max: 999_999_999 }), offset, thoughtOffset: offset });

describe('the id of an event', () => {
  it('leads back to the position that it was made of', () => {
    fc.assert(fc.property(position, (at) => expect(parsePosition(REPLY, eventId(REPLY, at))).toEqual(at)));
  });

  it('is of its own for each position', () => {
    const differ = fc.property(position, position, (one, other) => {
      const isSame = Object.entries(one).every(([name, value]) => other[name as keyof typeof other] === value);
      expect(eventId(REPLY, one) === eventId(REPLY, other)).toBe(isSame);
    });
    fc.assert(differ);
  });

  it('tells of thoughts only where some were read', () => {
    expect(eventId(REPLY, { attempt: 2, offset: 11, thoughtOffset: 0 })).toBe('2-11-3f0a5c1e8b20');
    expect(eventId(REPLY, { attempt: 2, offset: 0, thoughtOffset: 7 })).toBe('2-0.7-3f0a5c1e8b20');
    expect(eventId(REPLY, null)).toBe('0-0-3f0a5c1e8b20');
  });

  it('before any attempt, or none at all, is of a reader that has nothing', () => {
    for (const id of [undefined, '', eventId(REPLY, null)]) expect(parsePosition(REPLY, id)).toBeNull();
  });

  it('of another form, or of another reply, is of a reader that has to forget its text', () => {
    const ids = ['1-1.-3f0a5c1e8b20', '1-1.2.3-3f0a5c1e8b20', '1-.2-3f0a5c1e8b20', '1-1.1234567890-3f0a5c1e8b20'];
    const others = ['1-1.2-000000000000', 'nonsense', doneEventId(REPLY)];
    for (const id of [...ids, ...others]) expect(parsePosition(REPLY, id)).toEqual(NO_POSITION);
  });
});
