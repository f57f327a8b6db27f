import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Gauge, Histogram } from 'prom-client';
import { Metrics } from '../metrics/metrics.registry.js';

/** How many streams are open, and how long they last: apart from requests, of which they would say nothing. */
@Injectable()
export class StreamMetrics {
  private readonly streams = new WeakSet<ServerResponse>();
  private readonly open: Gauge;
  private readonly duration: Histogram<'route' | 'status'>;

  constructor(metrics: Metrics) {
    const registers = [metrics];
    this.open = new Gauge({ name: 'http_streams_open', help: 'Streams that this process writes now.', registers });
    this.duration = new Histogram({
      name: 'http_stream_duration_seconds',
      help: 'Time from a request to the end of the stream that answers it, by route pattern.',
      labelNames: ['route', 'status'],
      buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
      registers,
    });
  }

  /** The response is a stream from now on. Its end is measured by whoever measures requests. */
  begin(response: ServerResponse): void {
    // It is over already: its client hung up before anything was sent.
    if (response.destroyed) return;
    this.streams.add(response);
    this.open.inc();
    response.once('close', () => this.open.dec());
  }

  /** Measures a response that is over, if it was a stream. @returns whether it was one */
  ended(response: ServerResponse, labels: { route: string; status: number }, seconds: number): boolean {
    if (!this.streams.has(response)) return false;
    this.duration.observe(labels, seconds);
    return true;
  }
}
