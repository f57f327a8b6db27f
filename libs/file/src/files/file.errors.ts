import { DomainError } from '@app/platform';

/** No such file of this user. */
export class FileNotFoundError extends DomainError {
  constructor() {
    super('file_not_found', 'not_found', 'There is no such file.');
  }
}

/** A message has the file, so it stays as long as the message. */
export class FileInUseError extends DomainError {
  constructor() {
    super('file_in_use', 'conflict', 'A message has this file; it is deleted with the message.');
  }
}

/** The file is larger than the user's plan allows. */
export class FileTooLargeError extends DomainError {
  /** @param maxBytes what the plan allows */
  constructor(maxBytes: number) {
    super('file_too_large', 'too_large', `A file may have ${maxBytes} bytes at most.`);
  }
}

/** By its content the file is of a kind that no model takes; or it is empty. */
export class FileTypeNotSupportedError extends DomainError {
  constructor() {
    super(
      'file_type_not_supported',
      'unsupported',
      'By its content this is no image, PDF, text or sound that is taken.',
      {
        headers: { Accept: 'multipart/form-data' },
      },
    );
  }
}

/** With this file the user would have more bytes than the plan allows. */
export class StorageFullError extends DomainError {
  constructor() {
    super('storage_full', 'conflict', 'Your files have no space for this one; delete some.');
  }
}

/** The user has as many uploads under way as one user may have. */
export class TooManyUploadsError extends DomainError {
  constructor() {
    super('too_many_uploads', 'limited', 'Ten uploads are under way; wait for one to end.', {
      headers: { 'Retry-After': '1' },
    });
  }
}

/** The user has as many downloads under way as one user may have. */
export class TooManyDownloadsError extends DomainError {
  constructor() {
    super('too_many_downloads', 'limited', 'Many downloads are under way; wait for one to end.', {
      headers: { 'Retry-After': '1' },
    });
  }
}

/** The store of files is out of reach, or can't answer for the moment; what was asked of it may have happened all the same. */
export class FileStoreUnavailableError extends DomainError {
  /** @param reason for operators: which store, and what it did */
  constructor(readonly reason: string) {
    super('service_unavailable', 'unavailable', 'Files are out of reach right now; try again soon.', {
      cause: new Error(reason),
    });
  }
}
