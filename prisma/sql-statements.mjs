/** The statements of a script, as far as one has to know them to run or to judge it. */

/** What may hold any text: notes, texts, bodies of functions, quoted names. */
const OPAQUE =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$|"(?:[^"]|"")*"/g;

/**
 * @param {string} script
 * @returns {string[]} its statements in one line each, without comments, and with `''` for each text, so that what looks like a
 *   keyword in them is one
 */
export function statementsOf(script) {
  return script
    .replace(OPAQUE, (part) => (part.startsWith('"') ? part : /^(?:--|\/\*)/.test(part) ? ' ' : "''"))
    .split(';')
    .map((statement) => statement.replace(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '');
}

/** Whether a statement refuses to run in a transaction, since it commits several of its own. @param {string} statement */
export const isConcurrent = (statement) =>
  /\b(?:INDEX|REINDEX|TABLE|SCHEMA|DATABASE)(?: \w+)? CONCURRENTLY\b/i.test(statement);

/**
 * @param {string} statement
 * @returns {string | null} the index that it builds concurrently, as it is written there; null when it builds none
 */
export function concurrentIndexOf(statement) {
  const created = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?("(?:[^"]|"")+"|\w+) ON\b/i.exec(
    statement,
  );
  return created?.[1] ?? null;
}
