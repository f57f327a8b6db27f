import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The state of the network between two processes. */
export type NetworkState =
  | 'well'
  /** Open connections are reset, and new ones are refused. */
  | 'severed'
  /** Bytes are dropped in both directions while every connection stays open. */
  | 'half-open'
  /** Each packet arrives late. */
  | 'slow';

const SLOW_MS = 60;

/** A TCP proxy on 127.0.0.1 whose connections a test can cut or disturb. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => this.join(client));
  private state: NetworkState = 'well';
  private limits: { bytes: number; ends: boolean }[] = [];

  private constructor(
    private readonly host: string,
    private targetPort: number,
  ) {}

  /** Starts a proxy to a service. */
  static async to(host: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(host, port);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** Where to reach the service through the proxy. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Changes the state. Connections that have lost bytes are reset. */
  set(state: NetworkState): void {
    if (state === 'severed' || this.state === 'half-open') this.reset();
    this.state = state;
  }

  /** Resets all connections and refuses new ones. */
  sever(): void {
    this.set('severed');
  }

  /** Lets connections through again. */
  mend(): void {
    this.set('well');
  }

  /** Leads new connections to another port of the host; open ones stay where they are. */
  redirect(port: number): void {
    this.targetPort = port;
  }

  /** Resets every connection; new ones are let through. */
  reset(): void {
    for (const socket of this.sockets) {
      // Node loses a socket that is reset while it is being ended, and then spins at its own exit.
      if (socket.writableEnded || socket.writableLength > 0) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Ends each of the next connections after so many bytes of the service's answers, wherever in an answer that is. */
  limitNext(bytes: number[]): void {
    this.limits = bytes.map((each) => ({ bytes: each, ends: true }));
  }

  /** Drops what comes after so many bytes of the service's answers on the next connection, which stays open. */
  stallNext(bytes: number): void {
    this.limits = [{ bytes, ends: false }];
  }

  /** Ends the proxy for good. */
  async close(): Promise<void> {
    this.sever();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    if (this.state === 'severed') return void client.destroy();
    const service = connect(this.targetPort, this.host);
    this.pass(client, service);
    const limit = this.limits.shift();
    if (limit === undefined) this.pass(service, client);
    else this.passOnly(limit, service, client);
  }

  private passOnly({ bytes, ends }: { bytes: number; ends: boolean }, from: Socket, to: Socket): void {
    let left = bytes;
    this.track(from, to);
    from.on('data', (chunk: Buffer) => {
      if (left > 0) to.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0 || !ends) return;
      to.end();
      from.destroy();
    });
  }

  private pass(from: Socket, to: Socket): void {
    this.track(from, to);
    from.on('data', (chunk) => {
      if (this.state === 'slow') setTimeout(() => to.write(chunk), SLOW_MS);
      else if (this.state !== 'half-open') to.write(chunk);
    });
  }

  private track(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
