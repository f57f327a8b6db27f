import { isChatError } from '../errors.js';
import type { Api } from '../requests/api.js';
import type { components } from '../openapi.js';
import type { ChatClient } from '../types.js';

type Tokens = components['schemas']['TokensResponse'];
type Sent = components['schemas']['SendOtpResponse'];

/** Logging in and out. */
export function authOf(api: Api): ChatClient['auth'] {
  const { http, login } = api;
  const post = <Body>(path: string, body: object): Promise<Body> => http.json<Body>({ method: 'POST', path, body });
  return {
    sendCode: async ({ phone, ...person }) => {
      await post('/auth/signup', { phone, ...person });
      return { phone, ...(await post<Sent>('/auth/send-otp', { phone })) };
    },
    verify: async ({ challengeId }, code) => {
      const tokens = await post<Tokens>('/auth/verify-otp', { challengeId, otp: code });
      await login.begin(tokens);
      return { user: tokens.user };
    },
    session: async () => {
      const session = await login.kept.read();
      return session === null ? null : { user: session.user };
    },
    onChange: (listener) => login.kept.onChange(listener),
    signOut: async () => {
      try {
        await api.once({ method: 'POST', path: '/auth/logout' });
      } catch (error) {
        // Whoever can't reach the API, or has no session any more, is logged out of this device all the same.
        if (!isChatError(error)) throw error;
      } finally {
        await login.end();
      }
    },
    sessions: () => api.list('/auth/sessions'),
    endSession: (id) => api.remove(`/auth/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => api.remove('/auth/sessions'),
  };
}
