import { platform } from './platform.js';

/**
 * A new key: a random UUID. Where the platform has no `crypto`, as React Native without a polyfill, it is of `Math.random`: it has to be
 * unique among one user's messages of a day, not secret.
 */
export function newIdempotencyKey(): string {
  const bytes = new Uint8Array(16);
  if (typeof platform.crypto?.getRandomValues === 'function') platform.crypto.getRandomValues(bytes);
  else bytes.forEach((_, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** @throws TypeError for a key that the API refuses */
export function checkedIdempotencyKey(key: string): string {
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw new TypeError('An idempotency key has 1 to 255 printable ASCII characters');
  return key;
}
