import { Database } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** A model that workers don't call for a while. */
interface ModelPause {
  model: string;
  /** Why: what a reply ends with whose deadline passes meanwhile. */
  failure: string;
  resumeAt: Date;
  /** Pauses in a row. */
  pauses: number;
  /** Replies that wait for its end. */
  deferred: number;
}

/** The pauses of models. Workers make them, and see at each claim whether one is there. */
@Injectable()
export class ModelPauseStore {
  constructor(private readonly database: Database) {}

  all(): Promise<ModelPause[]> {
    return this.database.prisma.modelPause.findMany({
      orderBy: { model: 'asc' },
      select: { model: true, failure: true, resumeAt: true, pauses: true, deferred: true },
    });
  }

  /** Ends a pause now: the next claim calls the model. @returns whether there was one */
  async end(model: string): Promise<boolean> {
    return (await this.database.prisma.modelPause.deleteMany({ where: { model } })).count > 0;
  }
}
