import 'reflect-metadata';
import { Metrics } from '@app/platform';
import { CatalogueConfig, loadPlanCatalogue } from '@app/subscription';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually.js';
import { GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import { plansFile } from '../../../../test/support/plans-file.js';
import { GeminiConfig } from '../google/gemini.config.js';
import { GenerativeAiLanguageModel } from '../google/generative-ai.language-model.js';
import { ModelWatchService } from './model-watch.service.js';

/** Remembers what is logged. */
class Lines extends ConsoleLogger {
  readonly lines: string[] = [];

  override log(message: unknown): void {
    this.lines.push(`log: ${String(message)}`);
  }

  override error(message: unknown): void {
    this.lines.push(`error: ${String(message)}`);
  }
}

let sandbox: GeminiSandbox;
let watch: ModelWatchService;
let log: Lines;
let metrics: Metrics;

beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
});
beforeEach(() => Logger.overrideLogger((log = new Lines())));
afterEach(async () => {
  watch.onApplicationShutdown();
  await sandbox.reset();
});
afterAll(async () => {
  Logger.overrideLogger(false);
  await sandbox.stop();
});

function startWatch(settings: Partial<CatalogueConfig> = {}): void {
  const config = Object.assign(new GeminiConfig(), { GEMINI_API_KEY: 'the-key', GEMINI_BASE_URL: sandbox.url });
  const catalogue = loadPlanCatalogue(Object.assign(new CatalogueConfig(), settings));
  metrics = new Metrics();
  watch = new ModelWatchService(new GenerativeAiLanguageModel(config), catalogue, metrics);
  watch.onApplicationBootstrap();
}

const usable = (): Promise<string> => metrics.getSingleMetricAsString('model_usable');
const untilUsable = (value: number) =>
  eventually(
    async () => (await sandbox.requests({ method: 'any' })).length > 0 && (await usable()).endsWith(` ${value}`),
  );

describe('the watch over the model', () => {
  it('says nothing while key and model work', async () => {
    startWatch();
    await untilUsable(1);
    expect(log.lines).toEqual([]);
  });

  it('names a model that does not exist', async () => {
    startWatch({ GEMINI_MODEL: 'gemini-1.5-flash' });
    await untilUsable(0);
    await eventually(() => log.lines.length > 0);
    expect(log.lines).toEqual([
      'error: The model "gemini-1.5-flash" cannot be used: HTTP 404: no such model, or no such call at this address. See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.',
    ]);
  });

  it("names a plan's default model that does not exist, beside one that does", async () => {
    const file = plansFile(({ models, plans }) => {
      models['gemini-1.5-pro'] = { label: 'Retired' };
      Object.assign(plans.pro, { models: ['gemini-1.5-pro'], defaultModel: 'gemini-1.5-pro' });
    });
    startWatch({ PLANS_FILE: file });
    await untilUsable(0);
    await eventually(() => log.lines.length > 0);
    expect(log.lines).toEqual([expect.stringMatching(/^error: The model "gemini-1.5-pro" cannot be used: HTTP 404/)]);
  });

  it('says once that the key is wrong, without the key, and again when it is right', async () => {
    await sandbox.script([{ type: 'invalid_key' }, { type: 'invalid_key' }], { method: 'any' }, 1);
    startWatch();
    await eventually(() => log.lines.length === 2);
    expect(log.lines).toEqual([
      'error: The model "gemini-flash-latest" cannot be used: HTTP 400 API_KEY_INVALID: the API key is not accepted. See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.',
      'log: The model "gemini-flash-latest" can be used again',
    ]);
    expect(await sandbox.requests({ method: 'countTokens' })).toHaveLength(3);
    await untilUsable(1);
  });

  it('stops in the middle of a check', async () => {
    await sandbox.script({ type: 'hang' }, { method: 'any' });
    startWatch();
    await eventually(async () => (await sandbox.requests({ method: 'any', outcome: 'open' })).length === 1);
    watch.onApplicationShutdown();
    await eventually(async () => (await sandbox.requests({ method: 'any', outcome: 'aborted' })).length === 1);
    expect(log.lines).toEqual([]);
  });
});
