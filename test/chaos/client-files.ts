import type { HttpClient } from '../support/http/http-client.js';
import { png, upload } from '../support/http/uploads.js';
import type { Random } from './random.js';
import { readDigest, sha256 } from './stored-files.js';

/** So many that no message has are enough to choose from. */
const MOST_UNUSED = 4;

/** Longer than a chunk in the store `postgresql`; one file of so many is. */
const LONG_BYTES = 300_000;
const LONG_EVERY = 12;

/** The files of one client: some are sent, some more than once, some deleted, and some forgotten. */
export class ClientFiles {
  /** The SHA-256 of each file that was uploaded. */
  readonly digests = new Map<string, string>();
  /** Files whose deletion was confirmed. */
  readonly deleted = new Set<string>();
  private readonly unused = new Set<string>();
  /** The rooms that have each file. */
  private readonly rooms = new Map<string, Set<string>>();
  private count = 0;

  constructor(
    private readonly name: string,
    private readonly random: Random,
  ) {}

  /** Uploads one more, whether or not there is an answer. */
  async upload(http: HttpClient): Promise<void> {
    if (this.unused.size >= MOST_UNUSED) return;
    const tail = Buffer.from(`${this.name} file ${++this.count}`);
    const padding = Buffer.alloc(this.count % LONG_EVERY === 0 ? LONG_BYTES : this.random.between(0, 100));
    const bytes = Buffer.concat([png(2, 2), padding, tail]);
    const answer = await upload(http, bytes, `${this.count}.png`).catch(() => null);
    if (answer?.status !== 201) return;
    this.digests.set(answer.body.id, sha256(bytes));
    this.unused.add(answer.body.id);
  }

  /** Files for a message: mostly none, else one or two, in any order. */
  choose(): string[] {
    const known = [...this.unused, ...this.rooms.keys()];
    if (known.length === 0 || this.random.next() < 0.6) return [];
    const chosen = [this.random.pick(known), ...(this.random.next() < 0.4 ? [this.random.pick(known)] : [])];
    return [...new Set(chosen)];
  }

  /** A message of this room has these from now on. */
  use(roomId: string, ids: string[]): void {
    for (const id of ids) {
      this.unused.delete(id);
      this.rooms.set(id, (this.rooms.get(id) ?? new Set()).add(roomId));
    }
  }

  /** The copy of a room has what the room has, perhaps more than it needs to. */
  fork(from: string, to: string): void {
    for (const [id, rooms] of this.rooms) if (rooms.has(from)) this.use(to, [id]);
  }

  /** What only this room had is not sent any more: it may be swept at any time. */
  leave(roomId: string): void {
    for (const [id, rooms] of this.rooms) if (rooms.delete(roomId) && rooms.size === 0) this.rooms.delete(id);
  }

  /** Deletes one that no message has, or tries it with one that some message has. Without an answer it is not used any more. */
  async deleteOne(http: HttpClient): Promise<void> {
    const ids = this.random.next() < 0.3 ? [...this.rooms.keys()] : [...this.unused];
    if (ids.length === 0) return;
    const id = this.random.pick(ids);
    const answer = await http.delete(`/file/${id}`).catch(() => null);
    if (answer?.status === 409) return;
    if (answer?.status === 204) this.deleted.add(id);
    this.unused.delete(id);
    this.rooms.delete(id);
  }

  /** The SHA-256 of each file's bytes, as the API gives them now. */
  async read(http: HttpClient): Promise<[id: string, digest: string | null][]> {
    const read: [string, string | null][] = [];
    for (const id of this.digests.keys()) read.push([id, await readDigest(http, id)]);
    return read;
  }
}
