/** Patterns of what may not be in a log, a metric, a queue or an error. The phone numbers are those of `newPhone`. */
const PRIVATE: [what: string, look: RegExp][] = [
  ['a phone number', /\+?1415\d{7}(?!\d)/],
  ['an access token', /\beyJ[\w-]+\.[\w-]+\.[\w-]+/],
  ['a refresh token', /(?<![\w-])[\w-]{86}(?![\w-])/],
  ['a key', /\b(?:(?:[sr]k_(?:test|live)|whsec)_\w{6,}|AIza[\w-]{20,})/],
];

/** Whole ids and hashes, whose hex digits look like a phone number now and then. */
const IDS = /(?<![\w-])(?:[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|[\da-f]{32})(?![\w-])/g;

/**
 * The private data in a text, each with its line.
 *
 * @param known further texts that must not be in it; each counts only where it stands alone
 */
export function leaksIn(text: string, known: string[] = []): string[] {
  const looks = [...PRIVATE, ...known.map((each): [string, RegExp] => ['a known secret', standingAlone(each)])];
  const lines = text.split('\n');
  const holds = (what: string, look: RegExp, line: string): boolean =>
    look.test(what === 'a phone number' ? line.replaceAll(IDS, 'id') : line);
  return looks.flatMap(([what, look]) =>
    lines.filter((line) => holds(what, look, line)).map((line) => `${what} in: ${line}`),
  );
}

/** Only the beginning of a long text is compared, since the size of a pattern is limited. */
const COMPARED_LENGTH = 500;

function standingAlone(text: string): RegExp {
  const beginning = text.slice(0, COMPARED_LENGTH).replaceAll(/[^\w ]/g, '\\$&');
  return new RegExp(`(?<![\\w.-])${beginning}${text.length > COMPARED_LENGTH ? '' : '(?![\\w-])'}`);
}
