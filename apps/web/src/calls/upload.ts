import { sizeText } from '../files/file-text.js';

/** An upload as it is shown: no byte of the file. */
export interface Upload {
  /** The file's name. */
  name: string;
  /** In place of the body: name and size. */
  shown: string;
}

/** The head of a form with one file, which names it, is shorter than this. */
const HEAD_BYTES = 2_000;

/** What is shown of a form with one file, as the client makes it. */
export async function uploadOf(form: Blob): Promise<Upload> {
  const [head = ''] = (await form.slice(0, HEAD_BYTES).text()).split('\r\n\r\n');
  const name = /filename="([^"]*)"/.exec(head)?.[1]?.replace(/%22|%0D|%0A/g, decodeURIComponent) ?? 'file';
  return { name, shown: `file: ${name} (${sizeText(form.size)})` };
}
