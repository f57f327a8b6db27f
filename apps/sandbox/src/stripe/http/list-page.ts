import type { WireObject } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';
import type { Params } from './params.js';

const MAX_LIMIT = 100;

/** A span of Unix seconds, both ends included. */
interface Range {
  from: number;
  to: number;
}

/** The part of a list that a call asks for. */
export interface PageRequest {
  limit: number;
  startingAfter?: string;
  created: Range;
}

const anyTime: Range = { from: -Infinity, to: Infinity };

/** Reads the parameters that every list takes. */
export function pageRequest(params: Params): PageRequest {
  const limit = params.integer('limit') ?? 10;
  if (limit < 1 || limit > MAX_LIMIT)
    throw invalid(`Invalid integer: limit must be between 1 and ${MAX_LIMIT}`, 'limit');
  return {
    limit,
    startingAfter: params.string('starting_after'),
    created: range(params, 'created'),
  };
}

/** Reads `name=1`, or `name[gte]=1&name[lt]=2`. */
function range(params: Params, name: string): Range {
  if (!params.has(name)) return anyTime;
  return params.isHash(name) ? (params.hash(name, bounds) ?? anyTime) : exactly(params.integer(name) ?? 0);
}

const exactly = (instant: number): Range => ({ from: instant, to: instant });

function bounds(params: Params): Range {
  return {
    from: Math.max(params.integer('gte') ?? -Infinity, (params.integer('gt') ?? -Infinity) + 1),
    to: Math.min(params.integer('lte') ?? Infinity, (params.integer('lt') ?? Infinity) - 1),
  };
}

/** One page of a list, newest first. @param records in the order of creation */
export function listPage<T extends { id: string; created: number }>(
  records: Iterable<T>,
  request: PageRequest,
  url: string,
  toWire: (record: T) => WireObject,
): WireObject {
  const { startingAfter, limit, created } = request;
  const newestFirst = [...records].reverse();
  const start = startingAfter === undefined ? 0 : indexOf(newestFirst, startingAfter, 'starting_after') + 1;
  const rest = newestFirst
    .slice(start)
    .filter((record) => record.created >= created.from && record.created <= created.to);
  return { object: 'list', data: rest.slice(0, limit).map(toWire), has_more: rest.length > limit, url };
}

function indexOf(all: { id: string }[], id: string, param: string): number {
  const index = all.findIndex((record) => record.id === id);
  if (index < 0) throw invalid(`No such object: '${id}'`, param, 'resource_missing');
  return index;
}
