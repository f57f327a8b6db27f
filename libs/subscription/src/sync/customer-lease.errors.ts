import { PaymentProviderUnavailableError } from '../stripe/payment-gateway.errors.js';

/** Another holder has the lease by now: nothing that was done under the lost one may be stored. */
export class LeaseLostError extends PaymentProviderUnavailableError {}
