/** A key of one-time codes in Redis. The braces put all of them into one slot of a cluster, since one script may need any of them together. */
export const otpKey = (...parts: string[]): string => `{otp}:${parts.join(':')}`;
