import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry } from './gemini.journal.js';
import type { Step } from './gemini.plan.js';

/** Does the steps to a connection and writes into the journal what came of it. */
export async function play(steps: Iterable<Step>, response: ServerResponse, entry: JournalEntry): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    await playUnlessGone(steps, response, entry, gone.signal);
    entry.outcome = 'completed';
  } catch (error) {
    entry.outcome = 'aborted';
    if (!gone.signal.aborted) {
      response.destroy();
      throw error;
    }
  } finally {
    entry.endedAt = new Date().toISOString();
  }
}

/** @throws what the signal's abort brings */
async function playUnlessGone(
  steps: Iterable<Step>,
  response: ServerResponse,
  entry: JournalEntry,
  gone: AbortSignal,
): Promise<void> {
  let due = performance.now();
  for (const step of steps) {
    gone.throwIfAborted();
    switch (step.do) {
      case 'wait':
        due += step.ms; // counted from the start, so that a stream keeps its pace whatever the timers do
        await sleep(Math.max(0, due - performance.now()), undefined, { signal: gone });
        break;
      case 'head':
        response.writeHead(step.status, { 'content-type': step.contentType });
        entry.status = step.status;
        break;
      case 'write':
        entry.firstByteAt ??= new Date().toISOString();
        if (step.piece) entry.chunks++;
        if (!response.write(step.bytes)) await once(response, 'drain', { signal: gone });
        break;
      case 'end':
        response.end();
        break;
      case 'reset':
        response.socket?.resetAndDestroy();
        break;
      case 'hang':
        await once(response, 'close');
        gone.throwIfAborted();
    }
  }
}
