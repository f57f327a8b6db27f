/** Words of codes that aren't written as they are spoken. */
const SPELLINGS: Record<string, string> = { http: 'HTTP', id: 'id', json: 'JSON', otp: 'one-time code', uri: 'URI' };

/** The URI of a problem's type (RFC 9457, section 3.1.1): the page of the API that explains the code to people. */
export const problemTypeOf = (code: string): string => `/problems/${code}`;

/** The title of a problem's type (RFC 9457, section 3.1.3): the same for all problems of a code. */
export function problemTitleOf(code: string): string {
  const title = code
    .split('_')
    .map((word) => SPELLINGS[word] ?? word)
    .join(' ');
  return title.charAt(0).toUpperCase() + title.slice(1);
}
