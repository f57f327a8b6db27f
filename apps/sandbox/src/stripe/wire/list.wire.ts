import type { WireObject } from '../account/records.js';

/** A list inside another object, with all of its elements. */
export const completeList = (url: string, data: WireObject[]): WireObject => ({
  object: 'list',
  data,
  has_more: false,
  total_count: data.length,
  url,
});
