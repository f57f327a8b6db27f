import {
  type Attributes,
  context,
  INVALID_SPAN_CONTEXT,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { formatTraceParent, parseTraceParent } from './trace-parent.js';

/** How a span begins. */
export interface SpanBeginning {
  /** What the work is to others; `INTERNAL` unless given. */
  kind?: SpanKind;
  /** By the semantic conventions of OpenTelemetry, and ours with the prefix `app.`. Never texts, numbers of phones, or secrets. */
  attributes?: Attributes;
  /** The `traceparent` of the span that this one follows from; null: it begins a trace. Unless given: the active span. */
  parent?: string | null;
  /** `traceparent`s of spans in other places that led here. */
  links?: readonly (string | null | undefined)[];
  /** The beginning, in milliseconds since 1970; now unless given. */
  startTime?: number;
}

/** Null while traces are not exported: then spans cost a comparison. */
let tracer: Tracer | null = null;

const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Has spans made from now on; null: no more. */
export function useTracer(used: Tracer | null): void {
  tracer = used;
}

/** Begins a span, to be ended by the caller; null while traces are not exported. */
export function beginSpan(
  name: string,
  { kind, attributes, parent, links, startTime }: SpanBeginning = {},
): Span | null {
  if (tracer === null) return null;
  const options: SpanOptions = {
    ...(kind === undefined ? {} : { kind }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(startTime === undefined ? {} : { startTime }),
    links: (links ?? []).flatMap(linkTo),
  };
  return tracer.startSpan(name, options, parent === undefined ? context.active() : contextOf(parent));
}

/** Runs the work, and everything that it awaits, within a span. */
export function withinSpan<T>(span: Span | null, work: () => T): T {
  return span === null ? work() : context.with(trace.setSpan(context.active(), span), work);
}

/** Does some work in a span of its own, which tells of its failure. Without tracing the work alone. */
export async function traced<T>(name: string, beginning: SpanBeginning, work: (span: Span) => Promise<T>): Promise<T> {
  const span = beginSpan(name, beginning);
  if (span === null) return await work(NO_SPAN);
  try {
    return await withinSpan(span, () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** As {@link traced} where the work belongs to a span; alone it would be a trace that no one asked for. */
export async function tracedStep<T>(name: string, beginning: SpanBeginning, work: () => Promise<T>): Promise<T> {
  return isInSpan() ? await traced(name, beginning, work) : await work();
}

/** Whether what runs belongs to a span. */
const isInSpan = (): boolean => tracer !== null && trace.getActiveSpan() !== undefined;

/**
 * Notes on a span that its work has failed, by the error's code or type. Not by its message, in which drivers quote values: what is
 * an operator's business is logged, and reported from there.
 */
export function failSpan(span: Span, error: unknown): void {
  const { name, code } = error as { name?: string; code?: unknown };
  span.setAttribute('error.type', typeof code === 'string' ? code : (name ?? 'unknown'));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Adds attributes to the active span, if there is one. */
export function noteOnSpan(attributes: Attributes): void {
  if (tracer !== null) trace.getActiveSpan()?.setAttributes(attributes);
}

/** The active span as `traceparent`; null: there is none. */
export function currentTraceParent(): string | null {
  const span = tracer === null ? undefined : trace.getActiveSpan();
  return span === undefined ? null : formatTraceParent(span.spanContext());
}

/** The ids of the active span, for log lines; null: there is none. */
export function currentTraceIds(): { traceId: string; spanId: string } | null {
  const span = tracer === null ? undefined : trace.getActiveSpan();
  if (span === undefined) return null;
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

/** An error as it may be told: without private data. */
export interface ToldFault {
  type: string;
  message: string;
  stack?: string | undefined;
}

/** Reports a fault as an exception of the active span, or of one of its own where there is none, as in a timer. */
export function reportFault({ type, message, stack }: ToldFault): void {
  if (tracer === null) return;
  const active = trace.getActiveSpan();
  const span = active ?? tracer.startSpan('fault');
  span.recordException({ name: type, message, ...(stack === undefined ? {} : { stack }) });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  if (active === undefined) span.end();
}

const contextOf = (parent: string | null) => {
  const remote = parseTraceParent(parent);
  return remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
};

function linkTo(traceParent: string | null | undefined): Link[] {
  const linked = parseTraceParent(traceParent);
  return linked === null ? [] : [{ context: linked }];
}
