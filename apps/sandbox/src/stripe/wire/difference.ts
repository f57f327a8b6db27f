import type { WireObject } from '../account/records.js';

const isObject = (value: unknown): value is WireObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The `previous_attributes` of an update event: the former values of what differs. Objects are compared member by member
 * (the former value of a new member is null), arrays as a whole.
 *
 * @returns null when nothing differs
 */
export function previousAttributes(before: WireObject, after: WireObject): WireObject | null {
  const previous: WireObject = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    previous[key] = isObject(old) && isObject(now) ? previousAttributes(old, now) : (old ?? null);
  }
  return Object.keys(previous).length > 0 ? previous : null;
}
