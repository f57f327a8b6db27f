import 'reflect-metadata';
import { loadConfig } from '@app/platform';
import { type S3Server, startS3Server } from '../../../../test/support/files/s3-server.js';
import { FileStoreConfig } from './file-store.config.js';
import { fileStoreStartCheck } from './file-store.factory.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server?.stop());

const configOf = (env: NodeJS.ProcessEnv) => loadConfig([FileStoreConfig], { NODE_ENV: 'test', ...env })[0];
const problem = (env: NodeJS.ProcessEnv) => fileStoreStartCheck(configOf({ ...server.env, ...env }))();

describe('the check of the store at the start', () => {
  it.each([
    ['nothing', {}, null],
    ['a bucket that there is not', { S3_BUCKET: 'another-bucket' }, expect.stringContaining('S3_BUCKET')],
    ['a wrong secret', { S3_SECRET_ACCESS_KEY: 'x' }, expect.stringContaining('S3_SECRET_ACCESS_KEY')],
    ['an unknown key', { S3_ACCESS_KEY_ID: 'x' }, expect.stringContaining('S3_ACCESS_KEY_ID')],
    ['nothing where S3 is out of reach', { S3_ENDPOINT: 'http://127.0.0.1:9' }, null],
  ])('finds %s', async (_, env, expected) => {
    expect(await problem(env)).toEqual(expected);
  });

  it('finds nothing without a bucket', async () => {
    expect(await fileStoreStartCheck(configOf({}))()).toBeNull();
  });
});

describe('the settings of the store', () => {
  it.each([
    [{ FILE_STORE: 's3' }, /S3_BUCKET/],
    [{ FILE_STORE: 'disk' }, /FILE_STORE/],
    [{ S3_BUCKET: 'No bucket' }, /S3_BUCKET/],
    [{ S3_BUCKET: 'files', S3_ACCESS_KEY_ID: 'a' }, /both, or neither/],
    [{ S3_BUCKET: 'files', NODE_ENV: 'production', S3_ENDPOINT: 'http://s3.example' }, /S3_ENDPOINT/],
    [{ S3_FORCE_PATH_STYLE: 'yes' }, /S3_FORCE_PATH_STYLE/],
  ])('%j are refused', (env, message) => {
    expect(() => configOf(env)).toThrow(message);
  });
});
