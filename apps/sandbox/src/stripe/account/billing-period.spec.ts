import fc from 'fast-check';
import { periodEnd } from './billing-period.js';

const at = (text: string) => Date.parse(text) / 1000;

describe('periodEnd', () => {
  it.each([
    ['2024-01-31T10:00:00Z', '2024-01-31T10:00:00Z', '2024-02-29T10:00:00Z'],
    ['2024-01-31T10:00:00Z', '2024-02-29T10:00:00Z', '2024-03-31T10:00:00Z'],
    ['2026-11-30T00:00:00Z', '2027-02-27T23:59:59Z', '2027-02-28T00:00:00Z'],
    ['2024-02-29T00:00:00Z', '2025-02-01T00:00:00Z', '2025-02-28T00:00:00Z'],
  ])('from %s holds %s and ends at %s', (anchor, from, end) => {
    expect(periodEnd(at(anchor), at(from))).toBe(at(end));
  });

  it.each([
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z', '2025-02-28T00:00:00Z'],
    ['2024-02-29T00:00:00Z', '2027-02-28T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['2026-11-30T10:00:00Z', '2027-11-29T00:00:00Z', '2027-11-30T10:00:00Z'],
  ])('from %s holds %s and ends at %s, paid by the year', (anchor, from, end) => {
    expect(periodEnd(at(anchor), at(from), 'year')).toBe(at(end));
  });

  it('leaves no gap: each period begins where the one before ended, and ends later', () => {
    const instant = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') });
    fc.assert(
      fc.property(instant, fc.constantFrom('month' as const, 'year' as const), (anchor, interval) => {
        let start = anchor;
        for (let period = 0; period < 20; period += 1) {
          const end = periodEnd(anchor, start, interval);
          expect(end).toBeGreaterThan(start);
          expect(periodEnd(anchor, end - 1, interval)).toBe(end);
          start = end;
        }
      }),
    );
  });
});
