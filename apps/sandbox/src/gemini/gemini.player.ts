import type { ServerResponse } from 'node:http';
import type { JournalEntry } from './gemini.journal.js';
import type { Step } from './gemini.plan.js';

/** Carries out the steps on a connection, and records the outcome in the journal. */
export async function play(steps: Iterable<Step>, response: ServerResponse, entry: JournalEntry): Promise<void> {
  const client = new Client(response);
  try {
    const played = await playWhileConnected(steps, response, entry, client);
    entry.outcome = played ? 'completed' : 'aborted';
  } catch (error) {
    response.destroy();
    entry.outcome = 'completed';
    throw error;
  } finally {
    entry.endedAt = new Date().toISOString();
  }
}

/** @returns false when the client closed the connection before the end */
async function playWhileConnected(
  steps: Iterable<Step>,
  response: ServerResponse,
  entry: JournalEntry,
  client: Client,
): Promise<boolean> {
  let due = performance.now();
  for (const step of steps) {
    if (client.closed) return false;
    switch (step.do) {
      case 'wait':
        due += step.ms; // counted from the start, so that a stream keeps its pace whatever the timers do
        await client.pause(due - performance.now());
        break;
      case 'head':
        response.writeHead(step.status, { 'content-type': step.contentType });
        entry.status = step.status;
        break;
      case 'write':
        entry.firstByteAt ??= new Date().toISOString();
        if (step.piece) entry.chunks++;
        entry.usage = step.usage ?? entry.usage;
        entry.searches = step.searches ?? entry.searches;
        if (!response.write(step.bytes)) await client.ready();
        break;
      case 'end':
        response.end();
        break;
      case 'reset':
        response.socket?.resetAndDestroy();
        break;
      case 'hang':
        await client.pause(Infinity);
        return false;
    }
  }
  return true;
}

/** The client's end of a connection. Cheaper than abort signals: thousands of streams wait many times a second. */
class Client {
  closed = false;
  private wake = (): void => undefined;

  constructor(private readonly response: ServerResponse) {
    response.once('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** Waits for the time, or until the client closes the connection. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Waits until the client has read what was written, or closes the connection. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      this.response.once('drain', resolve);
    });
  }
}
