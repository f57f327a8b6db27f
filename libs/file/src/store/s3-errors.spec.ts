import { FileStoreUnavailableError } from '../files/file.errors.js';
import { startProblemOf, storeError } from './s3-errors.js';

const named = (name: string, message = '…') => Object.assign(new Error(message), { name });
const withCode = (code: string) => Object.assign(new Error('…'), { code });

describe('an error of a request to S3 without an answer', () => {
  it.each([
    ['a refused connection', withCode('ECONNREFUSED')],
    ['a connection that broke off', withCode('ECONNRESET')],
    ['a name that is not found right now', withCode('EAI_AGAIN')],
    ['all addresses of a name', Object.assign(new AggregateError([]), { code: 'EHOSTUNREACH' })],
    ['a body that broke off', withCode('ERR_STREAM_PREMATURE_CLOSE')],
    [
      'a body that broke off while its checksum was made',
      new Error('Connection lost or stream closed before all data was received.'),
    ],
    ['an answer that did not come in time', named('TimeoutError')],
    ['an object that S3 could not delete right now', named('InternalError')],
  ])('passes: %s', (_, error) => {
    expect(storeError(error)).toBeInstanceOf(FileStoreUnavailableError);
  });

  it.each([
    ['an error of the program', new TypeError('x is not a function')],
    ['a damaged object', new Error('Checksum mismatch: expected "a" but received "b"')],
    ['a certificate that is not valid', withCode('CERT_HAS_EXPIRED')],
    ['an object that may not be deleted', named('ObjectLocked')],
  ])('stays what it is: %s', (_, error) => {
    expect(storeError(error)).toBe(error);
  });

  it('is told once', () => {
    const error = new FileStoreUnavailableError('S3 is out of reach');
    expect(storeError(error)).toBe(error);
  });
});

describe('an access key that the surroundings do not give', () => {
  const error = named('CredentialsProviderError', 'a "secret" is not JSON');

  it('may be there later, and what was read instead is not told', () => {
    const told = storeError(error);
    expect(told).toMatchObject({
      reason: 'S3 is not asked without an access key: none is given right now (CredentialsProviderError)',
    });
    expect(told).toBeInstanceOf(FileStoreUnavailableError);
  });

  it('keeps a process from starting', () => {
    expect(startProblemOf(error)).toContain('S3_ACCESS_KEY_ID');
  });
});
