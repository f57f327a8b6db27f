import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection to a server, for requests that no HTTP client sends. */
export class RawConnection {
  private received = '';
  /** Resolves with everything that was received when the server has closed the connection. */
  readonly ended: Promise<string>;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString()));
    // A reset is an end, too.
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => socket.once('close', () => resolve(this.received)));
  }

  /** @param url the server's address; of a path only host and port count */
  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const connection = new RawConnection(connect(Number(port), hostname));
    await once(connection.socket, 'connect');
    return connection;
  }

  /** What was received so far. */
  get text(): string {
    return this.received;
  }

  /** The status of the first answer; undefined until it is here. */
  get status(): number | undefined {
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(this.received)?.[1];
    return status === undefined ? undefined : Number(status);
  }

  /** Sends a head: its first line, then further lines, and the empty line behind them. */
  sendHead(...lines: string[]): void {
    this.socket.write([...lines, 'Host: api', '', ''].join('\r\n'));
  }

  close(): void {
    this.socket.destroy();
  }
}
