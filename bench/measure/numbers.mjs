/** Small arithmetic. */

/** @param {number[]} numbers */
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

/** @param {number[]} numbers @param {number} share from 0 to 1 */
export function quantile(numbers, share) {
  const inOrder = sorted(numbers);
  return inOrder[Math.min(inOrder.length - 1, Math.floor(inOrder.length * share))] ?? Number.NaN;
}

/** @param {number[]} numbers */
export const median = (numbers) => quantile(numbers, 0.5);

/** @template T @param {T[]} items @returns {T} */
export const pick = (items) => /** @type {T} */ (items[Math.floor(Math.random() * items.length)]);
