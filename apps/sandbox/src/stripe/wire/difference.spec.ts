import { previousAttributes } from './difference.js';

describe('previousAttributes', () => {
  it('has the former values of what differs, and nothing else', () => {
    expect(previousAttributes({ a: 1, b: 'x', c: null }, { a: 2, b: 'x', c: null })).toEqual({ a: 1 });
  });

  it('compares objects member by member, and arrays as a whole', () => {
    const before = { details: { reason: null, comment: 'no' }, list: [{ a: 1 }, { b: 2 }] };
    const after = { details: { reason: 'yes', comment: 'no' }, list: [{ a: 1 }, { b: 3 }] };
    expect(previousAttributes(before, after)).toEqual({ details: { reason: null }, list: before.list });
  });

  it('says null for what is new', () => {
    expect(previousAttributes({ metadata: {} }, { metadata: { key: 'value' } })).toEqual({ metadata: { key: null } });
  });

  it('is null when nothing differs', () => {
    expect(previousAttributes({ a: { b: [1] } }, { a: { b: [1] } })).toBeNull();
  });
});
