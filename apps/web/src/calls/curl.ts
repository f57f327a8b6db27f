import type { CallRecord } from './call-record.js';
import { REFRESH_TOKEN, TOKEN } from './redaction.js';

/** The call as a command for a shell that has the token in `$TOKEN`. */
export function curlOf(call: CallRecord): string {
  const { method, url, requestHeaders, isStream } = call;
  const parts = [
    `curl${isStream ? ' -N' : ''}${method === 'GET' ? '' : ` -X ${method}`} ${quoted(url)}`,
    ...requestHeaders.map(([name, value]) => `-H ${headerOf(name, value)}`),
    ...bodyOf(call),
  ];
  return parts.join(' \\\n  ');
}

function bodyOf({ requestBody, upload }: CallRecord): string[] {
  if (upload !== null) return [`-F ${quoted(`file=@${formName(upload)}`)}`];
  return requestBody === null ? [] : [`-d ${quoted(requestBody).replace(REFRESH_TOKEN, `'"${REFRESH_TOKEN}"'`)}`];
}

/** A file's name as `-F` has it: quoted where it would end at a comma or a semicolon. */
const formName = (name: string): string => (/[",;\\]/.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : name);

const headerOf = (name: string, value: string): string =>
  name.toLowerCase() === 'authorization' ? `"${name}: Bearer ${TOKEN}"` : quoted(`${name}: ${value}`);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
