/**
 * A process that sends requests as fast as it can over so many connections until it is told to end, so that the bystander's
 * measurements don't share its event loop. The first message says what, the second one ends it; see `attacker.ts`.
 */
import { once } from 'node:events';
import autocannon from 'autocannon';

const [{ url, connections, requests }] = await once(process, 'message');
const attack = autocannon({ url, connections, requests, duration: 3_600, timeout: 30 }, (_error, result) => {
  const { statusCodeStats = {}, errors, requests: sent } = result;
  const statuses = Object.fromEntries(Object.entries(statusCodeStats).map(([status, { count }]) => [status, count]));
  process.send?.({ statuses, errors, perSecond: Math.round(sent.average) });
  process.disconnect?.();
});
process.on('message', () => attack.stop?.());
