const MAX_TITLE_LENGTH = 60;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The beginning of a text, of at most so many UTF-16 units, without the half of what a reader sees as one character. */
export function excerpt(text: string, maxLength: number): string {
  const wellFormed = text.toWellFormed();
  if (wellFormed.length <= maxLength) return wellFormed;
  const cut = graphemes.segment(wellFormed).containing(maxLength)?.index ?? 0;
  // A single character may be longer than all that is wanted.
  return wellFormed.slice(0, cut === 0 ? maxLength : cut).replace(/[\ud800-\udbff]$/, '');
}

/** One line without quotes, markup and NUL (which PostgreSQL can't store), cut at a word. */
export function tidyTitle(text: string): string {
  const line = text
    .replaceAll('\0', '')
    .toWellFormed()
    .trim()
    .split('\n', 1)
    .join('')
    .replace(/^["'“”*#\s]+|["'“”*\s.]+$/g, '')
    .replace(/\s+/g, ' ');
  if (line.length <= MAX_TITLE_LENGTH) return line;
  return `${excerpt(line, MAX_TITLE_LENGTH).replace(/\s+\S*$/, '')}…`;
}
