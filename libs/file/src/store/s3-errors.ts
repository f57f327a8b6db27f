import { FileStoreUnavailableError } from '../files/file.errors.js';

/** What is wrong by S3's code of an error, where waiting doesn't mend it. */
const LASTING_CAUSES: Record<string, string> = {
  NoSuchBucket: 'S3 has no such bucket; check S3_BUCKET, S3_REGION and S3_ENDPOINT',
  PermanentRedirect: "The bucket is in another region, or S3's address is another one; check S3_REGION and S3_ENDPOINT",
  AuthorizationHeaderMalformed: 'The bucket is in another region; check S3_REGION',
  InvalidAccessKeyId: 'S3 does not know the access key; check S3_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'S3 refuses the secret of the access key; check S3_SECRET_ACCESS_KEY',
  AccessDenied: 'S3 denies the access key of S3_ACCESS_KEY_ID a right; docs/files.md lists those that it needs',
  RequestTimeTooSkewed: "This machine's clock and that of S3 are too far apart; set the clock",
};

/**
 * S3's codes of what another try may not get: it has waited too long for a part; an upload has ended already by an attempt whose answer
 * was lost; an object of several could not be deleted right now, which the answer about all of them says without a status.
 */
const PASSING = new Set(['RequestTimeout', 'NoSuchUpload', 'InternalError', 'SlowDown', 'ServiceUnavailable']);

/** Statuses of the class 4xx that pass, by S3 or something before it: a request has waited too long, or there are too many. */
const PASSING_STATUSES = new Set([408, 429]);

/** How the SDK names it that the surroundings give no access key. With one of the settings this doesn't happen. */
const NO_KEY = new Set([
  ...['CredentialsProviderError', 'ProviderError', 'TokenProviderError'],
  'InstanceMetadataV1FallbackError',
]);

/** What the SDK throws. */
interface SdkError extends Error {
  $metadata?: { httpStatusCode?: number };
}

/** What keeps the bucket from being used until an operator acts, in a sentence that names the setting; null where it is something else. */
const lastingCauseOf = (error: unknown): string | null => LASTING_CAUSES[(error as Error).name] ?? null;

/** The same at the start of a process, which doesn't go on without an access key: there may never be one. */
export const startProblemOf = (error: unknown): string | null =>
  NO_KEY.has((error as Error).name)
    ? 'There is no access key; set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or have the machine or pod give one'
    : lastingCauseOf(error);

/** The status of S3's answer; undefined where there was none. */
export const statusOf = (error: unknown): number | undefined => (error as SdkError).$metadata?.httpStatusCode;

/** Node's codes of a network that fails. All addresses of a name together have that of the first. */
const NETWORK_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ERR_STREAM_PREMATURE_CLOSE'],
]);

/** Whether a request got no answer, or not all of it, since the network or S3 failed. */
function isCutOff({ name, message, code = '' }: Error & { code?: string }): boolean {
  if (name === 'TimeoutError' || NETWORK_CODES.has(code)) return true;
  // What is no instance of the `Error` that the SDK sees, as errors of Node in Jest, it puts into words.
  if (message.startsWith('AWS SDK error wrapper for '))
    return message.split(/[\s:]+/).some((word) => word === 'TimeoutError' || NETWORK_CODES.has(word));
  // So it says where it makes the checksum of a body.
  return message.startsWith('Connection lost or stream closed');
}

/**
 * What a failed request means to who asked for it. Its message is for logs: S3's own may hold keys of access and what was signed, and
 * that of a missing key what was read instead.
 *
 * @returns FileStoreUnavailableError where it may work later; otherwise an error of ours, which an operator has to correct, or what is
 *   neither an answer nor an outage as it is: an error of the program, a damaged object
 */
export function storeError(error: Error): Error {
  const { name, message } = error;
  if (error instanceof FileStoreUnavailableError) return error;
  if (NO_KEY.has(name))
    return new FileStoreUnavailableError(`S3 is not asked without an access key: none is given right now (${name})`);
  const status = statusOf(error);
  const lasting = lastingCauseOf(error) ?? (status === 401 || status === 403 ? LASTING_CAUSES['AccessDenied'] : null);
  if (lasting) return new Error(`${lasting} (${name})`);
  if (status === undefined && !PASSING.has(name))
    return isCutOff(error) ? new FileStoreUnavailableError(`S3 is out of reach, or fails: ${message}`) : error;
  const answer = `S3 answers ${status ?? 'in part'} (${name})`;
  return isRefusal(status ?? 0, name) ? new Error(answer) : new FileStoreUnavailableError(answer);
}

const isRefusal = (status: number, name: string) =>
  status >= 400 && status < 500 && !PASSING_STATUSES.has(status) && !PASSING.has(name);
