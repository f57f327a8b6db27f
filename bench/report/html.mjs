/** @param {import('./result.mjs').Result} result */
export const htmlReport = (result) => JSON.stringify(result);
