import type { CallRecord } from './call-record.js';
import { REFRESH_TOKEN, TOKEN } from './redaction.js';

/** The call as a command for a shell that has the token in `$TOKEN`. */
export function curlOf(call: CallRecord): string {
  const { method, url, requestHeaders, requestBody, isStream } = call;
  const parts = [
    `curl${isStream ? ' -N' : ''}${method === 'GET' ? '' : ` -X ${method}`} ${quoted(url)}`,
    ...requestHeaders.map(([name, value]) => `-H ${headerOf(name, value)}`),
    ...(requestBody === null ? [] : [`-d ${quoted(requestBody).replace(REFRESH_TOKEN, `'"${REFRESH_TOKEN}"'`)}`]),
  ];
  return parts.join(' \\\n  ');
}

const headerOf = (name: string, value: string): string =>
  name.toLowerCase() === 'authorization' ? `"${name}: Bearer ${TOKEN}"` : quoted(`${name}: ${value}`);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
