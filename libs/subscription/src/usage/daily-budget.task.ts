import { Clock, Metrics, PeriodicTask } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { CapacityService } from '../quota/capacity.service.js';
import { utcDay } from '../quota/daily-quota.js';
import { DailyBudgetConfig } from './daily-budget.config.js';
import { DailyBudgetStore } from './daily-budget.store.js';

const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 60_000;

/** Reading takes at most a fiftieth of the time, however many rows a day has. */
const PAUSE_PER_READING = 49;

/** From this part of the budget on the operator is warned. */
const NEARLY = 0.8;

type Level = 'below' | 'nearly' | 'reached';

/** Reads again and again what the deployment has spent today, and closes it for users of the default plan over the budget. */
@Injectable()
export class DailyBudgetTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(DailyBudgetTask.name);
  private readonly task = new PeriodicTask({
    name: "Reading the day's costs",
    intervalMs: () => pauseAfter(this.readingsMs),
    run: () => this.read(),
  });
  private readonly budgetUsd: number | null;
  private readonly used: Gauge | null;
  private readingsMs: [earlier: number, last: number] = [0, 0];
  /** What was logged last, so that each level is told once a day. */
  private told: { day: string; level: Level } = { day: '', level: 'below' };

  constructor(
    private readonly store: DailyBudgetStore,
    private readonly capacity: CapacityService,
    private readonly clock: Clock,
    config: DailyBudgetConfig,
    metrics: Metrics,
  ) {
    this.budgetUsd = config.DAILY_BUDGET_USD ?? null;
    const name = 'deployment_budget_used_ratio';
    const help = `What model calls of this UTC day have cost, as a part of DAILY_BUDGET_USD. From ${NEARLY} on, be warned.`;
    this.used = this.budgetUsd === null ? null : new Gauge({ name, help, registers: [metrics] });
  }

  onApplicationBootstrap(): void {
    if (this.budgetUsd !== null) this.task.startNow();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  /** One round. When it fails, what was read before holds on. */
  async read(): Promise<void> {
    if (this.budgetUsd === null) return;
    const day = utcDay(this.clock.now());
    const startedAt = performance.now();
    const ratio = (await this.store.spentUsd(day)) / this.budgetUsd;
    this.readingsMs = [this.readingsMs[1], performance.now() - startedAt];
    this.capacity.set(day, ratio >= 1);
    this.used?.set(ratio);
    this.tell(day, ratio >= 1 ? 'reached' : ratio >= NEARLY ? 'nearly' : 'below');
  }

  private tell(day: string, level: Level): void {
    if (this.told.day === day && this.told.level === level) return;
    this.told = { day, level };
    if (level === 'nearly') this.logger.warn(`More than ${NEARLY * 100} % of the daily budget is spent`);
    if (level === 'reached')
      this.logger.warn('The daily budget is spent: the default plan is closed until midnight in UTC');
  }
}

/** A single slow reading, such as the first one, which connects, says nothing about the next. */
export function pauseAfter([earlierMs, lastMs]: [earlier: number, last: number]): number {
  const pause = Math.min(earlierMs, lastMs) * PAUSE_PER_READING;
  return Math.min(Math.max(pause, MIN_INTERVAL_MS), MAX_INTERVAL_MS);
}
