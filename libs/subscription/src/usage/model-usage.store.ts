import { Database } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { UsedTokens } from './used-tokens.js';

/** What a user's calls of one day, model and purpose used. */
export interface ModelUsageRow extends UsedTokens {
  /** The UTC day, e.g. `2026-11-23`. */
  day: string;
  /** As it was asked for. */
  model: string;
  purpose: string;
  calls: number;
  /** Those of `calls` whose use is an estimate. */
  estimatedCalls: number;
}

/** Behind which row a page begins. */
export type UsageKey = Pick<ModelUsageRow, 'day' | 'model' | 'purpose'>;

const SELECT = {
  day: true,
  model: true,
  purpose: true,
  calls: true,
  estimatedCalls: true,
  promptTokens: true,
  cachedTokens: true,
  thoughtTokens: true,
  replyTokens: true,
} as const;

/** Reads the ledger of what users' model calls used. Recording is a part of other statements, see `recordUsageSql`. */
@Injectable()
export class ModelUsageStore {
  constructor(private readonly database: Database) {}

  /**
   * The user's rows from a day to a day, newest day first, then by model and purpose.
   *
   * @param count how many at most
   * @param after where the page before ended
   */
  async page(
    userId: string,
    from: string,
    to: string,
    count: number,
    after: UsageKey | null,
  ): Promise<ModelUsageRow[]> {
    const rows = await this.database.prisma.modelUsage.findMany({
      where: { userId, day: { gte: dateOf(from), lte: dateOf(to) }, ...(after === null ? {} : { OR: behind(after) }) },
      orderBy: [{ day: 'desc' }, { model: 'asc' }, { purpose: 'asc' }],
      take: count,
      select: SELECT,
    });
    return rows.map(toRow);
  }

  /** All that is held of the user, for the user to take away: the calls under way, too. */
  async export(userId: string): Promise<object> {
    const { prisma } = this.database;
    const [rows, callsUnderWay] = await Promise.all([
      prisma.modelUsage.findMany({ where: { userId }, orderBy: { day: 'asc' }, select: SELECT }),
      prisma.modelCall.findMany({
        where: { userId },
        orderBy: { startedAt: 'asc' },
        select: { model: true, purpose: true, promptTokens: true, startedAt: true },
      }),
    ]);
    return { modelUsage: rows.map(toRow), modelCallsUnderWay: callsUnderWay };
  }
}

const dateOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** The rows behind a key in the list's order. */
const behind = ({ day, model, purpose }: UsageKey) => [
  { day: { lt: dateOf(day) } },
  { day: dateOf(day), model: { gt: model } },
  { day: dateOf(day), model, purpose: { gt: purpose } },
];

/** A row as Prisma reads it. */
interface StoredRow {
  day: Date;
  model: string;
  purpose: string;
  calls: number;
  estimatedCalls: number;
  promptTokens: bigint;
  cachedTokens: bigint;
  thoughtTokens: bigint;
  replyTokens: bigint;
}

/** A day's tokens are far from what a number can't hold exactly. */
const toRow = ({ day, promptTokens, cachedTokens, thoughtTokens, replyTokens, ...row }: StoredRow): ModelUsageRow => ({
  ...row,
  day: day.toISOString().slice(0, 10),
  promptTokens: Number(promptTokens),
  cachedTokens: Number(cachedTokens),
  thoughtTokens: Number(thoughtTokens),
  replyTokens: Number(replyTokens),
});
