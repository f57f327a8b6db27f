import { RefusedCallers } from './refused-callers.js';

describe('a caller over a limit', () => {
  it('is refused until the window ends', () => {
    const callers = new RefusedCallers();
    callers.add('a', { quota: 3, until: 1_000 });
    expect(callers.find('a', 999)).toEqual({ quota: 3, until: 1_000 });
    expect(callers.find('a', 1_000)).toBeNull();
    expect(callers.find('b', 0)).toBeNull();
  });

  it('is forgotten when there are ten thousand later ones', () => {
    const callers = new RefusedCallers();
    for (let caller = 0; caller <= 10_000; caller++) callers.add(String(caller), { quota: 1, until: 1_000 });
    expect(callers.find('0', 0)).toBeNull();
    expect(callers.find('1', 0)).not.toBeNull();
    expect(callers.find('10000', 0)).not.toBeNull();
  });
});
