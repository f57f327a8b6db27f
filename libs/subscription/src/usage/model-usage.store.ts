import { Database, inBatches } from '@app/platform';
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
  searches: true,
} as const;

/** How many rows a statement of an export reads at most. */
const EXPORT_BATCH = 500;

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
  async export(userId: string): Promise<{ modelUsage: AsyncIterable<ModelUsageRow>; modelCallsUnderWay: object[] }> {
    const callsUnderWay = await this.database.prisma.modelCall.findMany({
      where: { userId },
      orderBy: { startedAt: 'asc' },
      select: { model: true, purpose: true, promptTokens: true, startedAt: true },
    });
    return { modelUsage: this.all(userId), modelCallsUnderWay: callsUnderWay };
  }

  private all(userId: string): AsyncIterable<ModelUsageRow> {
    const read = async (after: UsageKey | null): Promise<ModelUsageRow[]> => {
      const rows = await this.database.prisma.modelUsage.findMany({
        where: { userId, ...(after === null ? {} : { OR: beyond(after) }) },
        orderBy: [{ day: 'asc' }, { model: 'asc' }, { purpose: 'asc' }],
        take: EXPORT_BATCH,
        select: SELECT,
      });
      return rows.map(toRow);
    };
    return inBatches(read, ({ day, model, purpose }) => ({ day, model, purpose }));
  }
}

const dateOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** The rows behind a key in the list's order. */
const behind = ({ day, model, purpose }: UsageKey) => [
  { day: { lt: dateOf(day) } },
  { day: dateOf(day), model: { gt: model } },
  { day: dateOf(day), model, purpose: { gt: purpose } },
];

/** The rows behind a key, oldest day first. */
const beyond = ({ day, model, purpose }: UsageKey) => [
  { day: { gt: dateOf(day) } },
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
  searches: bigint;
}

/** A day's tokens are far from what a number can't hold exactly. */
const toRow = ({
  day,
  promptTokens,
  cachedTokens,
  thoughtTokens,
  replyTokens,
  searches,
  ...row
}: StoredRow): ModelUsageRow => ({
  ...row,
  day: day.toISOString().slice(0, 10),
  promptTokens: Number(promptTokens),
  cachedTokens: Number(cachedTokens),
  thoughtTokens: Number(thoughtTokens),
  replyTokens: Number(replyTokens),
  searches: Number(searches),
});
