/** One code on its way to one phone. */
export interface OtpMessage {
  /** The challenge's id: the same for a repeated attempt, so that a receiver can drop the duplicate. */
  id: string;
  /** E.164. */
  phone: string;
  code: string;
  expiresInSeconds: number;
  /** What the person reads. */
  text: string;
}

/** Brings codes to phones. */
export abstract class OtpSender {
  /** Whether the API's answer shows the code: only for development. */
  readonly showsCode: boolean = false;

  /** Whether a message costs nothing and reaches no phone, so that limits only have to stop floods. */
  readonly isFree: boolean = false;

  /**
   * Makes one attempt to hand the message over.
   * @param signal aborts it
   * @throws OtpRejectedError when another attempt cannot succeed; any other error when it may
   */
  abstract send(message: OtpMessage, signal: AbortSignal): Promise<void>;
}

/** The receiver refuses this message and would refuse it again. Holds neither number nor code. */
export class OtpRejectedError extends Error {}
