import ipaddr from 'ipaddr.js';

/**
 * The IPv6 prefix lengths that limits count by: a network of one household or host, within which addresses can be changed
 * at will; what a provider usually assigns to a customer; and the largest assignment that anybody gets for the asking.
 */
const IPV6_PREFIXES = [64, 56, 48] as const;

/** Some proxies write the port behind the address, too. */
const withoutPort = (ip: string): string =>
  /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(ip)?.[1] ?? /^\[([\da-f:.]+)\](?::\d{1,5})?$/i.exec(ip)?.[1] ?? ip;

/**
 * The blocks of addresses that a client's address lies in, from the narrowest to the widest: of an IPv4 address only itself
 * (also when IPv6 wraps it), of an IPv6 address its /64, /56 and /48. Limits give a wider block a larger share.
 *
 * @returns one block or three, e.g. `203.0.113.7`, or `2001:db8:1:2::/64`, `2001:db8:1::/56`, `2001:db8:1::/48`;
 *   `unknown` alone for what is no address
 */
export function addressBlocks(client: string): string[] {
  const ip = withoutPort(client);
  if (!ipaddr.isValid(ip)) return ['unknown'];
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return [address.toString()];
  return IPV6_PREFIXES.map((prefix) => {
    const network = ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${prefix}`);
    return `${network.toString()}/${prefix}`;
  });
}

/** What limits count as one address: the narrowest of {@link addressBlocks}. */
export const addressBlock = (client: string): string => addressBlocks(client)[0]!;
