import { invalid, StripeApiError } from '../account/stripe.errors.js';
import { API_VERSION } from '../api-version.js';

/**
 * Accepts any test key, as bearer token or as the user of basic authentication. A live key means that the backend was configured with
 * the sandbox's address by mistake.
 */
export function assertKey(authorization: string | undefined): void {
  const [scheme, token = ''] = (authorization ?? '').split(' ');
  const key = scheme === 'Basic' ? (Buffer.from(token, 'base64').toString().split(':')[0] ?? '') : token;
  if (key === '') throw unauthorized('You did not provide an API key.');
  if (/^(sk|rk)_live_/.test(key)) throw unauthorized('The sandbox takes no live keys: no money moves here.');
  if (!/^(sk|rk)_test_\w+$/.test(key)) throw unauthorized('Invalid API Key provided.');
}

/** @throws StripeApiError for another version, whose objects have other properties */
export function assertVersion(version: string | undefined): void {
  if (version === undefined || version === API_VERSION) return;
  throw invalid(`Invalid Stripe API version: ${version}. The sandbox speaks ${API_VERSION}.`);
}

/** @throws StripeApiError for a call that asks for whole objects in place of their ids: every call may, and none is answered so */
export function assertNoExpansion(params: Record<string, unknown>): void {
  if (params['expand'] === undefined) return;
  throw invalid('The sandbox does not model expand.', 'expand', 'parameter_unknown');
}

const unauthorized = (message: string): StripeApiError => new StripeApiError(401, 'invalid_request_error', message);
