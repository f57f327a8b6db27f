import { FileStoreUnavailableError } from '../files/file.errors.js';

/** What is wrong by S3's code of an error, where waiting doesn't mend it. */
const LASTING_CAUSES: Record<string, string> = {
  NoSuchBucket: 'S3 has no such bucket; check S3_BUCKET, S3_REGION and S3_ENDPOINT',
  PermanentRedirect: "The bucket is in another region, or S3's address is another one; check S3_REGION and S3_ENDPOINT",
  AuthorizationHeaderMalformed: 'The bucket is in another region; check S3_REGION',
  InvalidAccessKeyId: 'S3 does not know the access key; check S3_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'S3 refuses the secret of the access key; check S3_SECRET_ACCESS_KEY',
  AccessDenied: 'S3 denies the access key of S3_ACCESS_KEY_ID a right; docs/files.md lists those that it needs',
  CredentialsProviderError: 'There is no access key; set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY',
};

/**
 * Answers of the class 4xx that another try may not get: S3 has waited too long for a part, and an upload has ended already by an attempt
 * whose answer was lost.
 */
const PASSING = new Set(['RequestTimeout', 'NoSuchUpload']);

/** What the SDK throws. */
interface SdkError extends Error {
  $metadata?: { httpStatusCode?: number };
}

/** What keeps the bucket from being used until an operator acts, in a sentence that names the setting; null where it is something else. */
export const lastingCauseOf = (error: unknown): string | null => LASTING_CAUSES[(error as Error).name] ?? null;

/** The status of S3's answer; undefined where there was none. */
export const statusOf = (error: unknown): number | undefined => (error as SdkError).$metadata?.httpStatusCode;

/**
 * What a failed request means to who asked for it. Its message is for logs: S3's own may hold keys of access and what was signed.
 *
 * @returns FileStoreUnavailableError where it may work later; otherwise an error of ours, which an operator has to correct
 */
export function storeError(error: unknown): Error {
  const { name, message } = error as Error;
  const status = statusOf(error);
  const lasting = lastingCauseOf(error) ?? (status === 401 || status === 403 ? LASTING_CAUSES['AccessDenied'] : null);
  if (lasting) return new Error(`${lasting} (${name})`);
  if (status === undefined) return new FileStoreUnavailableError(`S3 is out of reach, or fails: ${message}`);
  const isRefusal = status >= 400 && status < 500 && status !== 429 && !PASSING.has(name);
  const answer = `S3 answers ${status} (${name})`;
  return isRefusal ? new Error(answer) : new FileStoreUnavailableError(answer);
}
