/** The part of s3rver that is used here; it comes without types. */
declare module '@20minutes/s3rver' {
  import type { Readable } from 'node:stream';

  /** The part of Koa's context that is used here. */
  export interface Context {
    req: Readable;
    method: string;
    path: string;
    query: Record<string, string | undefined>;
    status: number;
    type: string;
    body: string;
    app: object;
  }

  export type Middleware = (context: Context, next: () => Promise<void>) => Promise<void>;

  export default class S3rver {
    readonly middleware: Middleware[];
    constructor(options: object);
    run(): Promise<{ port: number }>;
    close(): Promise<void>;
  }
}
