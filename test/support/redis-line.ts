import { createServer, connect, type Server, type Socket, type AddressInfo } from 'node:net';
import type { TestRedis } from './services.js';

/** A line to Redis that a test can cut or freeze, for one client of its own. */
export class RedisLine {
  private readonly sockets = new Set<Socket>();
  private broken = false;

  private constructor(
    private readonly server: Server,
    private readonly target: TestRedis,
  ) {
    server.on('connection', (client) => this.carry(client));
  }

  static async to(target: TestRedis): Promise<RedisLine> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RedisLine(server, target);
  }

  /** Where the client has to connect to. */
  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port };
  }

  /** Breaks every connection, and each new one, until mended. */
  cut(): void {
    this.broken = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Connections stay, but nothing comes through any more, until mended. */
  freeze(): void {
    for (const socket of this.sockets) socket.pause();
  }

  mend(): void {
    this.broken = false;
    for (const socket of this.sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private carry(client: Socket): void {
    const upstream = connect(this.target.port, this.target.host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
    if (this.broken) this.cut();
  }
}
