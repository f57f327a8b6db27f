import type { WireObject } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';
import type { Params } from './params.js';

const MAX_LIMIT = 100;

/** A span of Unix seconds; both ends optional. */
export interface Range {
  from: number;
  to: number;
}

/** Which part of a list is asked for. */
export interface PageRequest {
  limit: number;
  startingAfter?: string;
  endingBefore?: string;
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
    endingBefore: params.string('ending_before'),
    created: range(params, 'created'),
  };
}

/** Reads `name=1`, or `name[gte]=1&name[lt]=2`. */
export function range(params: Params, name: string): Range {
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
  const newestFirst = [...records].reverse();
  const { from, to } = request.created;
  const isWanted = (record: T) => record.created >= from && record.created <= to;
  const { data, hasMore } = request.endingBefore
    ? before(newestFirst, request.endingBefore, request.limit, isWanted)
    : after(newestFirst, request.startingAfter, request.limit, isWanted);
  return { object: 'list', data: data.map(toWire), has_more: hasMore, url };
}

interface Slice<T> {
  data: T[];
  hasMore: boolean;
}

function after<T extends { id: string }>(
  all: T[],
  id: string | undefined,
  limit: number,
  isWanted: (record: T) => boolean,
): Slice<T> {
  const rest = (id === undefined ? all : all.slice(indexOf(all, id, 'starting_after') + 1)).filter(isWanted);
  return { data: rest.slice(0, limit), hasMore: rest.length > limit };
}

function before<T extends { id: string }>(
  all: T[],
  id: string,
  limit: number,
  isWanted: (record: T) => boolean,
): Slice<T> {
  const rest = all.slice(0, indexOf(all, id, 'ending_before')).filter(isWanted);
  return { data: rest.slice(-limit), hasMore: rest.length > limit };
}

function indexOf(all: { id: string }[], id: string, param: string): number {
  const index = all.findIndex((record) => record.id === id);
  if (index < 0) throw invalid(`No such object: '${id}'`, param, 'resource_missing');
  return index;
}
