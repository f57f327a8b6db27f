/** Names of fields whose values never reach a log, at the top of a line or up to two levels down. */
const PRIVATE_FIELDS = [
  'accessToken',
  'apiKey',
  'authorization',
  'body',
  'content',
  'cookie',
  'ip',
  'name',
  'otp',
  'password',
  'phone',
  'prompt',
  'refreshToken',
  'secret',
  'systemInstruction',
  'text',
  'title',
  'token',
];

/** The fields as pino's redaction takes them. */
export const redactedPaths = PRIVATE_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** Patterns of private data inside the messages of drivers and SDKs. */
const PRIVATE_TEXT: [pattern: RegExp, replacement: string][] = [
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(?:[sr]k_(?:test|live)|whsec)_\w+/g, '[key]'],
  [/\bAIza[\w-]{20,}/g, '[key]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [token]'],
  [/(\w+:\/\/)[^\s/@]+@/g, '$1[credentials]@'],
  [/\+[1-9]\d{6,14}\b/g, '[phone]'],
];

/** Takes tokens, keys, credentials in addresses and phone numbers out of a text. */
export function scrub(text: string): string {
  return PRIVATE_TEXT.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}
