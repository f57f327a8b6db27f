import { createHash, createHmac, randomBytes } from 'node:crypto';

const HALF_BYTES = 32;
const FORMAT = /^[A-Za-z0-9_-]{86}$/;

/**
 * A refresh token: 256 random bits that all tokens of its session have in common, and 256 that are its own.
 * The common half finds the session, and proves that an outdated token was once issued and is not a guess.
 * PostgreSQL has the SHA-256 of each half alone.
 */
export class RefreshToken {
  private constructor(
    private readonly family: Buffer,
    private readonly own: Buffer,
  ) {}

  /** The first token of a new session. */
  static first(): RefreshToken {
    return new RefreshToken(randomBytes(HALF_BYTES), randomBytes(HALF_BYTES));
  }

  /** Reads a client's token; null when it can't be one. */
  static parse(text: string): RefreshToken | null {
    if (!FORMAT.test(text)) return null;
    const bytes = Buffer.from(text, 'base64url');
    return new RefreshToken(bytes.subarray(0, HALF_BYTES), bytes.subarray(HALF_BYTES));
  }

  static newSalt(): Buffer {
    return randomBytes(HALF_BYTES);
  }

  /**
   * The successor. It follows from this token and the salt, so a client that repeats a refresh gets the same one again,
   * while neither the salt in PostgreSQL nor this token alone reveals it.
   */
  successor(salt: Uint8Array): RefreshToken {
    return new RefreshToken(this.family, createHmac('sha256', this.own).update(salt).digest());
  }

  get familyHash(): Buffer<ArrayBuffer> {
    return sha256(this.family);
  }

  get hash(): Buffer<ArrayBuffer> {
    return sha256(this.own);
  }

  /** Names the rotation that made it, in access tokens of the same answer. Reveals nothing of the token. */
  get rotationId(): string {
    return this.hash.toString('base64url');
  }

  /** As the client gets it. */
  toString(): string {
    return Buffer.concat([this.family, this.own]).toString('base64url');
  }
}

const sha256 = (bytes: Buffer): Buffer<ArrayBuffer> => createHash('sha256').update(bytes).digest();
