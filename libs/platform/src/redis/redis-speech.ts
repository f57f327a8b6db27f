import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisAddress } from './redis-address.js';

const TIMEOUT_MS = 1_000;

/** Whether a server answers a PING that comes without TLS, with whatever. */
export function speaksPlainly({ host, port }: RedisAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'));
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    // An answer of Redis, or its refusal; an alert of TLS begins with other bytes.
    socket.once('data', (data) => end(/^[+-]/.test(data.toString('latin1'))));
  });
}

/** Whether a handshake of TLS comes about. Nothing is sent, so whose certificate it is doesn't matter. */
export function speaksTls({ host, port }: RedisAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false }, () => end(true));
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
