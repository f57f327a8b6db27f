import { randomInt } from 'node:crypto';
import type { HttpClient } from './http/http-client.js';

/** What a login answers. */
export interface Tokens {
  accessToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
  refreshToken: string;
  refreshExpiresIn: number;
  user: { id: string; phone: string; name: string | null; plan: 'basic' | 'pro'; createdAt: string };
}

/** A challenge of the API under `OTP_DELIVERY=response`. */
export interface Challenge {
  challengeId: string;
  otp: string;
  expiresIn: number;
  resendAfter: number;
}

/** A user who is logged in. */
export interface Person {
  /** A client with this user's token. */
  http: HttpClient;
  id: string;
  phone: string;
  tokens: Tokens;
}

/** A phone number (E.164) that no other test has. */
export const newPhone = (): string => `+1415${randomInt(2_000_000, 9_999_999)}`;

/** Asks for a code. */
export async function sendOtp(http: HttpClient, phone: string): Promise<Challenge> {
  const { status, body } = await http.post<Challenge>('/auth/send-otp', { phone });
  if (status !== 202) throw new Error(`send-otp answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Logs in with a number that has an account. */
export async function logIn(http: HttpClient, phone: string): Promise<Person> {
  const { challengeId, otp } = await sendOtp(http, phone);
  const { status, body } = await http.post<Tokens>('/auth/verify-otp', { challengeId, otp });
  if (status !== 200) throw new Error(`verify-otp answered ${status}: ${JSON.stringify(body)}`);
  return { http: http.as(body.accessToken), id: body.user.id, phone, tokens: body };
}

/** Makes an account and logs in. */
export async function signUpAndLogIn(http: HttpClient, phone = newPhone(), name?: string): Promise<Person> {
  const { status } = await http.post('/auth/signup', { phone, ...(name === undefined ? {} : { name }) });
  if (status !== 202) throw new Error(`signup answered ${status}`);
  return logIn(http, phone);
}
