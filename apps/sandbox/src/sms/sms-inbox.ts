import { Injectable } from '@nestjs/common';

/** A text message to a phone. */
export interface SmsMessage {
  id: number;
  /** ISO 8601. */
  receivedAt: string;
  via: 'webhook' | 'twilio';
  /** E.164, as it was sent. */
  to: string;
  /** The one-time code in it, if there is one. */
  code: string | null;
  text: string;
}

const CAPACITY = 1_000;

/** The messages of all phones, newest first. */
@Injectable()
export class SmsInbox {
  private messages: (SmsMessage & { deliveryId: string | null })[] = [];
  private lastId = 0;

  /** @param deliveryId of a delivery that may be repeated: the message is kept once */
  receive(message: Omit<SmsMessage, 'id' | 'receivedAt'>, deliveryId: string | null = null): void {
    if (deliveryId !== null && this.messages.some((known) => known.deliveryId === deliveryId)) return;
    this.messages.unshift({ id: ++this.lastId, receivedAt: new Date().toISOString(), ...message, deliveryId });
    this.messages.length = Math.min(this.messages.length, CAPACITY);
  }

  /** @param to only the messages to this phone */
  list(to?: string): SmsMessage[] {
    return this.messages
      .filter((message) => to === undefined || message.to === to)
      .map(({ id, receivedAt, via, to: phone, code, text }) => ({ id, receivedAt, via, to: phone, code, text }));
  }

  clear(): void {
    this.messages = [];
  }
}
