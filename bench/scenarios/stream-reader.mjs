/** A process that reads many streams, on bare sockets: what it costs itself is in the way of what it measures. */
import { connect } from 'node:net';

/** @typedef {{host: string, port: number, path: string, token: string, count: number}} Task */

const AT_ONCE = 100;
/** When each stream got an event: by the event's id. @type {Map<string, number[]>} */
const arrivals = new Map();
let done = 0;

/** Calls back once, when the response's head is there. @param {Task} task @returns {Promise<void>} */
function open({ host, port, path, token }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n\r\n`);
    let opened = false;
    socket.on('data', (bytes) => {
      const now = performance.timeOrigin + performance.now();
      const text = bytes.toString('latin1');
      if (!opened && !text.startsWith('HTTP/1.1 200')) reject(new Error(text.slice(0, 200)));
      opened = true;
      resolve();
      for (const [, id = ''] of text.matchAll(/^id: (\S+)/gm)) {
        const times = arrivals.get(id);
        if (times === undefined) arrivals.set(id, [now]);
        else times.push(now);
      }
      if (text.includes('event: done')) done++;
    });
    socket.on('error', reject);
  });
}

process.on('message', async (/** @type {Task | 'report'} */ message) => {
  if (message === 'report') {
    process.send?.({ done, arrivals: [...arrivals] });
    return;
  }
  for (let opened = 0; opened < message.count; opened += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, message.count - opened) }, () => open(message)));
  process.send?.('opened');
});
process.on('disconnect', () => process.exit());
