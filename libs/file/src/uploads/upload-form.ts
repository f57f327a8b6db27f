import type { Readable } from 'node:stream';
import { type FieldError, ValidationFailedError } from '@app/platform';
import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';

/** The only field of the form. */
const FIELD = 'file';

/** One part more than there may be, so that it is noticed. A file's size is the plan's matter. */
const LIMITS = {
  parts: 2,
  files: 2,
  fields: 1,
  fieldSize: 1_024,
  fieldNameSize: 100,
  headerPairs: 20,
  fileSize: Infinity,
};

const refusal = (detail: string, pointer = `/${FIELD}`): ValidationFailedError => {
  const error: FieldError = { pointer, detail };
  return new ValidationFailedError([error]);
};

/** A file as it arrives. */
export interface ArrivingFile {
  /** As the client calls it. */
  name: string | undefined;
  bytes: Readable;
}

/** A form of one file, read as it arrives: first the file's bytes, then the end. */
export class UploadForm {
  private readonly parts: AsyncIterator<Multipart, undefined>;

  constructor(request: FastifyRequest) {
    this.parts = request.parts({ limits: LIMITS });
  }

  /** @throws ValidationFailedError when the form doesn't begin with the file */
  async file(): Promise<ArrivingFile> {
    const part = await this.next();
    if (part === null) throw refusal('must be one file');
    if (part.fieldname !== FIELD) throw refusal('is not known here', pointerOf(part));
    if (part.type !== 'file') throw refusal('must be a file, with a filename');
    return { name: part.filename, bytes: part.file };
  }

  /** Resolves once all has arrived. @throws ValidationFailedError when there is more than one file */
  async end(): Promise<void> {
    const part = await this.next();
    if (part === null) return;
    if (part.type === 'file') part.file.resume();
    throw part.fieldname === FIELD ? refusal('must be one file') : refusal('is not known here', pointerOf(part));
  }

  private async next(): Promise<Multipart | null> {
    try {
      const result = await this.parts.next();
      return result.done === true ? null : result.value;
    } catch {
      throw brokenForm();
    }
  }
}

/** Bytes that are no form, or not all of one. */
export const brokenForm = (): ValidationFailedError => refusal('must be one file in a whole multipart/form-data form');

/** Names are as long as their sender likes; the answer is not. */
const pointerOf = ({ fieldname }: Multipart): string =>
  `/${String(fieldname).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`;
