import fc from 'fast-check';
import { ISO_TIMES, isoTime } from './iso-times.js';

const TIMESTAMPTZ = 1184;
const parse = ISO_TIMES.getTypeParser(TIMESTAMPTZ);

/** As PostgreSQL writes a time: no zeros at the end of the fraction, and only hours in a zone of whole hours. */
function written(time: Date, zoneHours: number): string {
  const local = new Date(time.getTime() + zoneHours * 3_600_000).toISOString();
  const fraction = local.slice(19, 23).replace(/0+$/, '').replace(/^\.$/, '');
  const zone = `${zoneHours < 0 ? '-' : '+'}${String(Math.abs(zoneHours)).padStart(2, '0')}`;
  return `${local.slice(0, 19).replace('T', ' ')}${fraction}${zone}`;
}

describe('ISO_TIMES', () => {
  it('turns what PostgreSQL writes into what a Date would, in every zone', () => {
    const time = fc.date({ min: new Date('1000-01-02'), max: new Date('9998-12-30'), noInvalidDate: true });
    fc.assert(
      fc.property(time, fc.integer({ min: -11, max: 14 }), (date, zone) => {
        expect(parse(written(date, zone))).toBe(date.toISOString());
        expect(isoTime(`${written(date, zone).replace(' ', 'T')}:00`)).toBe(date.toISOString());
        expect(isoTime(date.toISOString())).toBe(date.toISOString());
      }),
    );
  });

  it.each([
    ['2026-11-23 09:30:00+00', '2026-11-23T09:30:00.000Z'],
    ['2026-11-23 09:30:00.12+00', '2026-11-23T09:30:00.120Z'],
    ['2026-11-23 09:30:00.123456+00', '2026-11-23T09:30:00.123Z'],
    ['2026-11-23 15:00:00.5+05:30', '2026-11-23T09:30:00.500Z'],
    ['2026-11-23T15:00:00.5+05:30', '2026-11-23T09:30:00.500Z'],
  ])('reads %s', (text, iso) => {
    expect(parse(text)).toBe(iso);
  });

  it('leaves other types to the driver', () => {
    expect(ISO_TIMES.getTypeParser(23)('42')).toBe(42);
  });
});
