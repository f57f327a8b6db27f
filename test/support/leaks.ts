/** What has no business in a log, a metric, a queue or an error, known by its look. The numbers are those of `newPhone`. */
const PRIVATE: [what: string, look: RegExp][] = [
  ['a phone number', /\+?1415\d{7}(?!\d)/],
  ['an access token', /\beyJ[\w-]+\.[\w-]+\.[\w-]+/],
  ['a refresh token', /(?<![\w-])[\w-]{86}(?![\w-])/],
  ['a key', /\b(?:(?:[sr]k_(?:test|live)|whsec)_\w{6,}|AIza[\w-]{20,})/],
];

/**
 * What private things a text holds, each with the line that it stands in.
 *
 * @param known further texts that must not be in it; a code only counts where it stands alone
 */
export function leaksIn(text: string, known: string[] = []): string[] {
  const looks = [...PRIVATE, ...known.map((each): [string, RegExp] => ['a known secret', standingAlone(each)])];
  const lines = text.split('\n');
  return looks.flatMap(([what, look]) => lines.filter((line) => look.test(line)).map((line) => `${what} in: ${line}`));
}

/** A long text is known by its beginning: a pattern has a greatest size. */
const TELLING_LENGTH = 500;

function standingAlone(text: string): RegExp {
  const beginning = text.slice(0, TELLING_LENGTH).replaceAll(/[^\w ]/g, '\\$&');
  return new RegExp(`(?<![\\w.-])${beginning}${text.length > TELLING_LENGTH ? '' : '(?![\\w-])'}`);
}
