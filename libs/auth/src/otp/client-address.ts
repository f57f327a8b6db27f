import ipaddr from 'ipaddr.js';

/** Prefix length of what one household or host gets of IPv6, and can change addresses within at will. */
const IPV6_PREFIX = 64;

/** What limits count as one address: an IPv4 address (also when IPv6 wraps it), or the /64 of an IPv6 address. */
export function addressBlock(ip: string): string {
  if (!ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${IPV6_PREFIX}`).toString();
}
