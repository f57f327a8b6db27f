import { readSandboxConfig } from './sandbox.config.js';

describe('readSandboxConfig', () => {
  it('listens on 9200 of this machine alone unless told otherwise', () => {
    expect(readSandboxConfig({ SANDBOX_PORT: '' })).toMatchObject({ port: 9200, host: '127.0.0.1', smsSecret: null });
  });

  it('refuses production', () => {
    expect(() => readSandboxConfig({ NODE_ENV: 'production' })).toThrow(/NODE_ENV/);
  });

  it.each(['-1', '65536', '80.5', 'http'])('refuses %s for a port', (port) => {
    expect(() => readSandboxConfig({ SANDBOX_PORT: port })).toThrow('SANDBOX_PORT');
  });
});
