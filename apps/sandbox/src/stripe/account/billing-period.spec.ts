import fc from 'fast-check';
import { periodEnd } from './billing-period.js';
import { intervals } from './records.js';

const at = (text: string) => Date.parse(text) / 1000;

describe('periodEnd', () => {
  it.each([
    ['month', 1, '2024-01-31T10:00:00Z', '2024-01-31T10:00:00Z', '2024-02-29T10:00:00Z'],
    ['month', 1, '2024-01-31T10:00:00Z', '2024-02-29T10:00:00Z', '2024-03-31T10:00:00Z'],
    ['month', 3, '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z', '2027-02-28T00:00:00Z'],
    ['year', 1, '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z', '2025-02-28T00:00:00Z'],
    ['week', 2, '2026-01-01T00:00:00Z', '2026-01-14T23:59:59Z', '2026-01-15T00:00:00Z'],
    ['day', 1, '2026-01-01T08:00:00Z', '2026-01-02T08:00:00Z', '2026-01-03T08:00:00Z'],
  ] as const)('of %s × %i from %s holds %s and ends at %s', (interval, count, anchor, from, end) => {
    expect(periodEnd(at(anchor), interval, count, at(from))).toBe(at(end));
  });

  it('leaves no gap: each period begins where the one before ended, and ends later', () => {
    const instant = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') });
    fc.assert(
      fc.property(
        instant,
        fc.constantFrom(...intervals),
        fc.integer({ min: 1, max: 12 }),
        (anchor, interval, count) => {
          let start = anchor;
          for (let period = 0; period < 20; period += 1) {
            const end = periodEnd(anchor, interval, count, start);
            expect(end).toBeGreaterThan(start);
            expect(periodEnd(anchor, interval, count, end - 1)).toBe(end);
            start = end;
          }
        },
      ),
    );
  });
});
