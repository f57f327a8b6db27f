import { OtpRejectedError } from './otp-sender.port.js';

/** Statuses below 500 after which another attempt may help. */
const RETRYABLE = [408, 425, 429];

/**
 * Judges the HTTP status with which a provider answered a message. For every adapter that sends by HTTP.
 * @throws OtpRejectedError when the provider refuses the message, any other error when another attempt may help
 */
export function assertAccepted(status: number): void {
  if (status >= 200 && status < 300) return;
  const message = `The receiver of codes answered ${status}`;
  throw status >= 500 || RETRYABLE.includes(status) ? new Error(message) : new OtpRejectedError(message);
}
