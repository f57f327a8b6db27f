import type { SpanContext } from '@opentelemetry/api';

/** W3C Trace Context, version 00: `traceparent` without `tracestate`, which is a vendor's own. */
const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;

/** A place in a trace as the header `traceparent` has it. */
export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The place in a trace that a `traceparent` names; null: it is none, or of another version. */
export function parseTraceParent(text: string | null | undefined): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] = TRACE_PARENT.exec(text ?? '') ?? [];
  if (traceId === '' || ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & SAMPLED, isRemote: true };
}

/** Whether two `traceparent`s are of one trace. */
export function isSameTrace(one: string | null | undefined, other: string | null | undefined): boolean {
  const [first, second] = [parseTraceParent(one), parseTraceParent(other)];
  return first !== null && first.traceId === second?.traceId;
}
