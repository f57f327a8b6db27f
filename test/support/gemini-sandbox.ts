import 'reflect-metadata';
import { createSandbox } from '../../apps/sandbox/src/create-sandbox.js';
import type { Behaviour } from '../../apps/sandbox/src/gemini/gemini.behaviour.js';
import type { JournalEntry, Outcome } from '../../apps/sandbox/src/gemini/gemini.journal.js';
import type { CallMatch, Rule } from '../../apps/sandbox/src/gemini/gemini.script.js';
import { readSandboxConfig } from '../../apps/sandbox/src/sandbox.config.js';

/** A scripted behaviour: its `type`, and what differs from the defaults. */
export type BehaviourOverrides = Partial<Behaviour> & Pick<Behaviour, 'type'>;

/** The control of a sandbox's Gemini. */
export class GeminiControl {
  /** @param url of the sandbox */
  constructor(readonly url: string) {}

  /** Scripts the calls that match: one behaviour each, in order, `times` times over; for ever unless given. */
  async script(
    behaviours: BehaviourOverrides | BehaviourOverrides[],
    match: CallMatch = {},
    times?: number,
  ): Promise<Rule> {
    return this.control<Rule>('POST', '/rules', { behaviours: [behaviours].flat(), match, times });
  }

  /** The calls that were received, oldest first; of generating methods only, unless a method (or `any`) is given. */
  async requests(match: CallMatch & { outcome?: Outcome } = {}): Promise<JournalEntry[]> {
    const query = new URLSearchParams(match as Record<string, string>).toString();
    const { items } = await this.control<{ items: JournalEntry[] }>('GET', `/requests?${query}`);
    return items;
  }

  /** Forgets rules. */
  async clearRules(): Promise<void> {
    await this.control('DELETE', '/rules');
  }

  /** Forgets rules and calls. */
  async reset(): Promise<void> {
    await this.control('DELETE', '');
  }

  private async control<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.url}/control/gemini${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }
}

/** A sandbox in this process, for tests of what talks to Gemini. */
export class GeminiSandbox extends GeminiControl {
  private constructor(
    url: string,
    readonly stop: () => Promise<void>,
  ) {
    super(url);
  }

  static async start(): Promise<GeminiSandbox> {
    const app = await createSandbox(readSandboxConfig({ NODE_ENV: 'test' }));
    await app.listen(0, '127.0.0.1');
    return new GeminiSandbox(await app.getUrl(), () => app.close());
  }
}
