import { HttpException, Injectable } from '@nestjs/common';

export const SMS_MODES = ['ok', 'fail', 'hang'] as const;

/** How deliveries go. */
export interface SmsMode {
  mode: (typeof SMS_MODES)[number];
  /** What a failing delivery is answered. */
  status: number;
  /** For how many deliveries more; null: until it is changed. */
  times: number | null;
}

const FINE: SmsMode = { mode: 'ok', status: 500, times: null };

/** Lets deliveries fail as a provider's do. */
@Injectable()
export class SmsOutage {
  private current = FINE;

  get mode(): SmsMode {
    return this.current;
  }

  set(mode: SmsMode): void {
    this.current = mode;
  }

  end(): void {
    this.current = FINE;
  }

  /**
   * To be asked at each delivery.
   * @param gone resolves when the client has given up
   * @returns whether the delivery is to go on
   * @throws HttpException of the status that it is to get
   */
  async spares(gone: () => Promise<unknown>): Promise<boolean> {
    const { mode, status, times } = this.current;
    if (times !== null) this.current = times > 1 ? { mode, status, times: times - 1 } : FINE;
    if (mode === 'fail') throw new HttpException('This delivery was told to fail', status);
    if (mode === 'hang') await gone();
    return mode === 'ok';
  }
}
