/** The characters of a URI (RFC 3986), with `%` before two hexadecimal digits alone. */
const URI_TEXT = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[\da-f]{2})+$/i;

/** Stripe puts the session's id in its place. */
const SESSION_ID = '{CHECKOUT_SESSION_ID}';

/**
 * The origin of an address to which Stripe may send people back, null if it is no such address. Parsers read many texts that
 * others refuse or take for another address: `http:host/`, `blob:http://host/`, a backslash, control characters, a user
 * name before the host, a host in other letters or digits. So the text has to begin with its origin as browsers write it,
 * and go on with the characters of a URI.
 */
export function originOfReturnUrl(value: string): string | null {
  const text = value.replaceAll(SESSION_ID, 'id');
  if (!URI_TEXT.test(text) || !URL.canParse(text)) return null;
  const { origin, protocol } = new URL(text);
  const isCanonical = text.startsWith(origin) && /^(?:$|[/?#])/.test(text.slice(origin.length));
  return isCanonical && (protocol === 'https:' || protocol === 'http:') ? origin : null;
}
