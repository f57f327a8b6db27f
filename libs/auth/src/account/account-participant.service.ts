import type { BoundStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** A feature that holds data of users. */
export interface AccountParticipant {
  /** The name of its part in an export, e.g. `chatrooms`. */
  name: string;

  /**
   * Everything that it holds of the user, ready for JSON: a value, or a promise of one. An async iterable, or one anywhere in the
   * value, stands for an array whose items are read while the export is sent: whatever may be long is one (see `inBatches`).
   */
  export(userId: string): unknown;

  /**
   * Ends running work for the user and removes what PostgreSQL's cascade doesn't reach (caches, data at other services;
   * what can't be done at once must be stored durably). Called before the user's rows are deleted, and once more
   * afterwards, for what a request of the same moment may have written; so it must be repeatable, and do nothing for a
   * user who no longer exists.
   */
  erase(userId: string): Promise<void>;

  /**
   * What has to happen in the very transaction that deletes the user's row, such as keeping what must outlive the account. By
   * then the row is locked, so that no other row can begin to reference it.
   *
   * @param person the keyed hash of the phone number: the same when the number signs up again
   */
  erasureStatements?(userId: string, person: Uint8Array): BoundStatement[];

  /**
   * Brings to a new account what an erased one of the same person has left. Called when someone has proved to own the number,
   * before there is a session; repeated when the login failed half-way, and while the secret of the hashes is being rotated called for
   * each of the person's hashes, so what is brought must be brought once.
   */
  restore?(userId: string, person: Uint8Array): Promise<void>;
}

/** The features that take part in exporting and erasing an account, so that auth need not know them. */
@Injectable()
export class AccountParticipantService {
  private readonly participants: AccountParticipant[] = [];

  /** Called once by each feature when its module starts. */
  register(participant: AccountParticipant): void {
    this.participants.push(participant);
  }

  /** The parts of all features by their names, for `jsonText`, which asks for each when it comes to write it. */
  export(userId: string): Record<string, () => unknown> {
    return Object.fromEntries(this.participants.map((part) => [part.name, () => part.export(userId)]));
  }

  /** Lets every feature erase its part; fails when one fails, so that the caller can try again. */
  async erase(userId: string): Promise<void> {
    await Promise.all(this.participants.map((participant) => participant.erase(userId)));
  }

  /** What the features do in the transaction that deletes the user's row. */
  erasureStatements(userId: string, person: Uint8Array): BoundStatement[] {
    return this.participants.flatMap((participant) => participant.erasureStatements?.(userId, person) ?? []);
  }

  /** Lets every feature bring to a new account what outlived an earlier one of this person. */
  async restore(userId: string, person: Uint8Array): Promise<void> {
    await Promise.all(this.participants.map(async (participant) => participant.restore?.(userId, person)));
  }
}
