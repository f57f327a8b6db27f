import { Logger } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually.js';
import { Dependency } from './dependency.js';

let dependency: Dependency | undefined;

beforeAll(() => Logger.overrideLogger(false));
afterEach(() => dependency?.stop());

/** A dependency whose probes fail. */
async function probedThrice(explain: () => string | null): Promise<Dependency> {
  let probes = 0;
  const probe = (): Promise<never> => {
    probes++;
    return Promise.reject(new Error('no connection'));
  };
  dependency = new Dependency({ name: 'store', title: 'Store', consequence: 'Nothing follows', probe, explain });
  dependency.start();
  await eventually(() => probes >= 3);
  return dependency;
}

describe('a dependency whose probes fail', () => {
  it('is down when it is known why', async () => {
    const { isUp, isDown } = await probedThrice(() => 'The store is out of reach');
    expect({ isUp, isDown }).toEqual({ isUp: false, isDown: true });
  });

  // A cluster takes a second to connect to on a busy machine. What is sent by then must not wait for the next sweep.
  it('is neither up nor down while its first connection comes about and nothing speaks against it', async () => {
    const { isUp, isDown } = await probedThrice(() => null);
    expect({ isUp, isDown }).toEqual({ isUp: false, isDown: false });
  });
});
