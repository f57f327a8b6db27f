import type { WireObject } from '../account/records.js';

/** A list that stands inside another object and is complete. */
export const completeList = (url: string, data: WireObject[]): WireObject => ({
  object: 'list',
  data,
  has_more: false,
  total_count: data.length,
  url,
});
