import type { FileKind, Interval } from './plan-catalogue.js';

/** A catalogue's file as it is written, once it has been checked. `plans.schema.json` describes it to editors. */
export interface PlansFile {
  models: Record<string, FileModel>;
  plans: Record<string, FilePlan>;
}

/** A model, under its name. */
export interface FileModel {
  label: string;
  files?: FileKind[];
  usdPerMillion?: { input: number; cached?: number; output: number };
  usdPerThousandSearches?: number;
}

/** A plan, under its name. */
export interface FilePlan {
  label: string;
  dailyMessages: number | null;
  models: string[];
  defaultModel?: string;
  concurrentReplies: number;
  maxOutputTokens: number;
  historyTokens: number;
  maxChatrooms: number;
  maxMessageCharacters: number;
  maxFileBytes?: number;
  fileBytesStored?: number;
  filesPerMessage?: number;
  prices?: Partial<Record<Interval, FilePrice>>;
}

/** A price of a plan; what is left out is off. */
export interface FilePrice {
  id: string;
  trialDays?: number;
  promotionCodes?: boolean;
  automaticTax?: boolean;
}
