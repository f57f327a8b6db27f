/**
 * Whether a text isn't blank, as an SQL expression: by the same characters as `trim()` in JavaScript, in any locale of the
 * database.
 *
 * @param column an SQL expression of type text
 */
export const hasTextSql = (column: string): string =>
  String.raw`${column} ~ '[^\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]'`;
