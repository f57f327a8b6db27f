import jsonc from 'jsonc-parser';

/** A JSON pointer (RFC 6901) to a value. */
export const pointerTo = (path: readonly (string | number)[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/**
 * Where a text is not JSON, by line and column, or where an object has a key twice, of which readers would drop one
 * silently. Of several mistakes in the syntax only the first is told: the others mostly follow from it. The text
 * itself is not repeated, since it may be that of a wrong file.
 */
export function syntaxProblems(text: string): string[] {
  const broken: string[] = [];
  const repeated: string[] = [];
  const seen = new Set<string>();
  const visitor: jsonc.JSONVisitor = {
    onError: (code, _offset, _length, line, column) => {
      broken.push(`line ${line + 1}, column ${column + 1}: ${inWords(jsonc.printParseErrorCode(code))}`);
    },
    onObjectProperty: (key, _offset, _length, line, _column, pathOfObject) => {
      const pointer = pointerTo([...pathOfObject(), key]);
      if (seen.has(pointer)) repeated.push(`${pointer} is there twice (line ${line + 1})`);
      seen.add(pointer);
    },
  };
  jsonc.visit(text, visitor, { disallowComments: true });
  return broken.length > 0 ? broken.slice(0, 1) : repeated;
}

/** `CommaExpected` as `comma expected`. */
const inWords = (code: string): string => code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
