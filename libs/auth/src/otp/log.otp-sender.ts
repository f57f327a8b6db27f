import { Logger } from '@nestjs/common';
import { type OtpMessage, OtpSender } from './otp-sender.port.js';

/** Writes the text to the log, where a developer reads it. */
export class LogOtpSender extends OtpSender {
  override readonly isFree = true;
  private readonly logger = new Logger('OtpSender');

  override send({ text }: OtpMessage): Promise<void> {
    this.logger.log(text);
    return Promise.resolve();
  }
}
