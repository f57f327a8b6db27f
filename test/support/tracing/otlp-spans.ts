import { type Field, fieldsOf } from './protobuf-reader.js';

type Value = string | number | boolean | Value[] | null;

/** A named moment of a span. */
interface SpanEvent {
  name: string;
  attributes: Record<string, Value>;
}

/** A span as a collector gets it. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  /** Empty: it begins its trace. */
  parentId: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  durationMs: number;
  attributes: Record<string, Value>;
  events: SpanEvent[];
  /** The trace and span that it links to, joined by `-`. */
  links: string[];
  isError: boolean;
  /** Of the process that made it. */
  resource: Record<string, Value>;
}

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const ERROR = 2;
const NS_PER_MS = 1_000_000n;

/** The spans of an `ExportTraceServiceRequest` (opentelemetry/proto/trace/v1/trace.proto). */
export function spansOf(request: Buffer): CollectedSpan[] {
  return messages(fieldsOf(request), 1).flatMap((resourceSpans) => {
    const fields = fieldsOf(resourceSpans);
    const resource = attributesOf(messages(fields, 1).flatMap(fieldsOf), 1);
    return messages(fields, 2)
      .flatMap((scopeSpans) => messages(fieldsOf(scopeSpans), 2))
      .map((span) => spanOf(fieldsOf(span), resource));
  });
}

function spanOf(fields: Field[], resource: Record<string, Value>): CollectedSpan {
  const status = messages(fields, 15).flatMap(fieldsOf);
  return {
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    parentId: hex(fields, 4),
    name: text(fields, 5),
    kind: KINDS[Number(numberOf(fields, 6))] ?? 'internal',
    durationMs: Number((numberOf(fields, 8) - numberOf(fields, 7)) / NS_PER_MS),
    attributes: attributesOf(fields, 9),
    events: messages(fields, 11).map((event) => {
      const own = fieldsOf(event);
      return { name: text(own, 2), attributes: attributesOf(own, 3) };
    }),
    links: messages(fields, 13).map((link) => [hex(fieldsOf(link), 1), hex(fieldsOf(link), 2)].join('-')),
    isError: Number(numberOf(status, 3)) === ERROR,
    resource,
  };
}

const messages = (fields: Field[], number: number): Buffer[] =>
  fields.flatMap((field) => (field.number === number && Buffer.isBuffer(field.value) ? [field.value] : []));

const hex = (fields: Field[], number: number): string => messages(fields, number)[0]?.toString('hex') ?? '';
const text = (fields: Field[], number: number): string => messages(fields, number)[0]?.toString('utf8') ?? '';

function numberOf(fields: Field[], number: number): bigint {
  const value = fields.find((field) => field.number === number)?.value;
  return typeof value === 'bigint' ? value : 0n;
}

function attributesOf(fields: Field[], number: number): Record<string, Value> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => {
      const own = fieldsOf(pair);
      return [text(own, 1), valueOf(messages(own, 2)[0] ?? Buffer.alloc(0))];
    }),
  );
}

/** An `AnyValue`: one field, by whose number one knows the type. */
function valueOf(message: Buffer): Value {
  const [field] = fieldsOf(message);
  if (field === undefined) return null;
  const { number, value } = field;
  if (Buffer.isBuffer(value)) {
    return number === 5 ? messages(fieldsOf(value), 1).map(valueOf) : value.toString('utf8');
  }
  if (number === 2) return value === 1n;
  if (number !== 4) return Number(BigInt.asIntN(64, value));
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.readDoubleLE();
}
