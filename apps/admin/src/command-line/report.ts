/** A value that is printed. */
type Printable = string | number | boolean | Date | null;

/** What a command says: to programs `data`, as JSON, and to people `sections`. */
export interface Report {
  data: unknown;
  sections: Section[];
}

/** A table, or lines of a name and a value. */
type Section =
  | { title: string | null; fields: Readonly<Record<string, Printable>> }
  | { title: string | null; columns: readonly string[]; rows: readonly (readonly Printable[])[] };

/** A report of one section with fields, which are its data as well. */
export const fieldsReport = (fields: Readonly<Record<string, Printable>>): Report => ({
  data: fields,
  sections: [{ title: null, fields }],
});

/**
 * A section with a row for each item.
 *
 * @param columns the title of a column → its value
 */
export const tableOf = <Item>(
  title: string | null,
  items: readonly Item[],
  columns: Readonly<Record<string, (item: Item) => Printable>>,
): Section => ({
  title,
  columns: Object.keys(columns),
  rows: items.map((item) => Object.values(columns).map((valueOf) => valueOf(item))),
});

/** The report as aligned text, or as one line of JSON. */
export function print(report: Report, asJson: boolean): string {
  if (asJson) return `${JSON.stringify(report.data)}\n`;
  return report.sections.map((section) => `${linesOf(section).join('\n')}\n`).join('\n');
}

function linesOf(section: Section): string[] {
  const title = section.title === null ? [] : [section.title];
  if ('fields' in section) {
    const names = Object.entries(section.fields).map(([name, value]) => [name, textOf(value)]);
    return [...title, ...aligned(names)];
  }
  if (section.rows.length === 0) return [...title, 'None.'];
  return [...title, ...aligned([[...section.columns], ...section.rows.map((row) => row.map(textOf))])];
}

function textOf(value: Printable): string {
  if (value === null) return '-';
  return value instanceof Date ? value.toISOString() : String(value);
}

function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
