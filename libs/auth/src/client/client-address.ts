import ipaddr from 'ipaddr.js';

/** The IPv6 prefix length that one household or host usually gets; within it addresses can be changed at will. */
const IPV6_PREFIX = 64;

/** Some proxies write the port behind the address, too. */
const withoutPort = (ip: string): string =>
  /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(ip)?.[1] ?? /^\[([\da-f:.]+)\](?::\d{1,5})?$/i.exec(ip)?.[1] ?? ip;

/** What limits count as one address: an IPv4 address (also when IPv6 wraps it), or the /64 of an IPv6 address. */
export function addressBlock(client: string): string {
  const ip = withoutPort(client);
  if (!ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${IPV6_PREFIX}`).toString();
}
