import { formatTraceParent, isSameTrace, parseTraceParent } from './trace-parent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

it.each([
  ['sampled', '01', 1],
  ['not sampled', '00', 0],
  ['with flags of later versions', 'ff', 1],
])('a traceparent that is %s is read', (_, flags, traceFlags) => {
  expect(parseTraceParent(`00-${TRACE}-${SPAN}-${flags}`)).toEqual({
    ...{ traceId: TRACE, spanId: SPAN, traceFlags },
    isRemote: true,
  });
});

it('what is written is read again', () => {
  const place = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
  expect(formatTraceParent(place)).toBe(`00-${TRACE}-${SPAN}-01`);
  expect(parseTraceParent(formatTraceParent(place))).toMatchObject(place);
});

it.each([
  null,
  undefined,
  '',
  'nonsense',
  `01-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  ` 00-${TRACE}-${SPAN}-01`,
])('%j is none', (text) => {
  expect(parseTraceParent(text)).toBeNull();
});

it('two are of one trace by its id', () => {
  const one = `00-${TRACE}-${SPAN}-01`;
  expect(isSameTrace(one, `00-${TRACE}-${SPAN.replace('0', '1')}-00`)).toBe(true);
  expect(isSameTrace(one, `00-${TRACE.replace('4', '5')}-${SPAN}-01`)).toBe(false);
  expect(isSameTrace(null, null)).toBe(false);
});
