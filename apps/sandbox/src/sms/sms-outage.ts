import { HttpException, Injectable } from '@nestjs/common';

export const SMS_MODES = ['ok', 'fail', 'hang'] as const;

/** The result of deliveries. */
export interface SmsMode {
  mode: (typeof SMS_MODES)[number];
  /** The HTTP status of a failing delivery. */
  status: number;
  /** The number of further deliveries that it applies to; null: until it is changed. */
  times: number | null;
}

const NORMAL: SmsMode = { mode: 'ok', status: 500, times: null };

/** Makes deliveries fail as a provider's can. */
@Injectable()
export class SmsOutage {
  private current = NORMAL;

  get mode(): SmsMode {
    return this.current;
  }

  set(mode: SmsMode): void {
    this.current = mode;
  }

  end(): void {
    this.current = NORMAL;
  }

  /**
   * Applies the mode to one delivery.
   * @param closed resolves when the client has closed the connection
   * @returns whether the delivery continues
   * @throws HttpException with the configured status
   */
  async admits(closed: () => Promise<unknown>): Promise<boolean> {
    const { mode, status, times } = this.current;
    if (times !== null) this.current = times > 1 ? { mode, status, times: times - 1 } : NORMAL;
    if (mode === 'fail') throw new HttpException('The control API has this delivery fail', status);
    if (mode === 'hang') await closed();
    return mode === 'ok';
  }
}
