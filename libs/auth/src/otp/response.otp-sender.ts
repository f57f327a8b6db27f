import { OtpSender } from './otp-sender.port.js';

/** Sends nothing: the API's answer shows the code. For development and tests. */
export class ResponseOtpSender extends OtpSender {
  override readonly showsCode = true;
  override readonly isFree = true;

  override async send(): Promise<void> {
    // The answer is the delivery.
  }
}
