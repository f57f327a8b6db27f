import { prepared, registeredStatements } from './prepared-statement.js';

describe('prepared', () => {
  it('refuses a second statement of the same name', () => {
    const first = prepared('test_name', 'SELECT 1');
    expect(() => prepared('test_name', 'SELECT 2')).toThrow('test_name');
    expect(registeredStatements()).toContain(first);
  });
});
