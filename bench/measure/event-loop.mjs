/** The longest time for which a process of the product did nothing but one thing, since it was last asked. @param {string} operations the address of its metrics */
export async function eventLoopStallMs(operations) {
  const response = await fetch(`${operations}/metrics`);
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(await response.text())?.[1];
  return Number(seconds) * 1000;
}
