/** In characters, i.e. Unicode code points. */
const MAX_NAME_LENGTH = 255;

/** What a file is called that comes without a name. */
const NAMELESS = 'file';

/** Control characters, ends of lines, and marks that turn the direction of text: with these a name can look like another one. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The name under which a file is kept and offered: the last part of what may be a path of any system, without {@link UNSAFE} characters.
 *
 * @param sent the name in the form, as browsers write it: with `%22` for a quotation mark
 */
export function fileNameOf(sent: string | undefined): string {
  const [name = ''] = (sent ?? '').toWellFormed().replaceAll('%22', '"').split(/[/\\]/).slice(-1);
  const shown = [...name.replace(UNSAFE, '').trim()].slice(0, MAX_NAME_LENGTH).join('');
  return /^\.*$/.test(shown) ? NAMELESS : shown;
}
