/** One field of a Protocol Buffers message: a number for fixed and variable ones, bytes for all others. */
export interface Field {
  number: number;
  value: bigint | Buffer;
}

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** The fields of a message in their order (protobuf.dev/programming-guides/encoding). @throws Error for what is none */
export function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length;) {
    const key = varintAt(message, at);
    at = key.end;
    const number = Number(key.value >> 3n);
    const { value, end } = valueAt(message, at, Number(key.value & 7n));
    at = end;
    fields.push({ number, value });
  }
  return fields;
}

function valueAt(message: Buffer, at: number, type: number): { value: bigint | Buffer; end: number } {
  switch (type) {
    case VARINT:
      return varintAt(message, at);
    case FIXED_64:
      return { value: message.readBigUInt64LE(at), end: at + 8 };
    case FIXED_32:
      return { value: BigInt(message.readUInt32LE(at)), end: at + 4 };
    case BYTES: {
      const { value: length, end: begin } = varintAt(message, at);
      const end = begin + Number(length);
      if (end > message.length) throw new Error('The message breaks off');
      return { value: message.subarray(begin, end), end };
    }
    default:
      throw new Error(`There is no wire type ${type}`);
  }
}

function varintAt(message: Buffer, at: number): { value: bigint; end: number } {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = message[at++];
    if (byte === undefined) throw new Error('The message breaks off');
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at };
  }
}
