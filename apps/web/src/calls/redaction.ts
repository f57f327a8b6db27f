/** What stands in a command for a token, as in `docs/`. */
export const TOKEN = '$TOKEN';
export const REFRESH_TOKEN = '$REFRESH_TOKEN';

/** The longest body that is kept, in characters. */
const LONGEST_BODY = 64_000;

/** A token's beginning: enough to tell two apart, and useless to whoever sees it. */
const shortened = (token: string): string => `${token.slice(0, 10)}…`;

/** A header as it is shown. */
export const shownHeader = (name: string, value: string): [name: string, value: string] =>
  name.toLowerCase() === 'authorization' ? [name, value.replace(/\S+$/, shortened)] : [name, value];

/** A request's JSON body as it is shown, and as a command has it: without tokens. */
export const shownRequest = (body: string): string =>
  rewritten(body, (name, value) => (name === 'refreshToken' ? REFRESH_TOKEN : value));

/** A JSON answer as it is shown, indented. */
export const shownResponse = (body: string): string =>
  rewritten(body, (name, value) => (name === 'refreshToken' || name === 'accessToken' ? shortened(value) : value), 2);

function rewritten(body: string, change: (name: string, value: string) => string, indent?: number): string {
  if (body.length > LONGEST_BODY) return `${body.slice(0, 200)}… (${body.length} characters)`;
  try {
    const known: unknown = JSON.parse(body, (name: string, value: unknown) =>
      typeof value === 'string' ? change(name, value) : value,
    );
    return JSON.stringify(known, null, indent);
  } catch {
    return body;
  }
}
