import { addressBlock, addressBlocks } from './client-address.js';

describe('limits count', () => {
  it('an IPv4 address as itself', () => {
    expect(addressBlock('203.0.113.7')).toBe('203.0.113.7');
  });

  it('an IPv4 address within IPv6 as that IPv4 address', () => {
    expect(addressBlock('::ffff:203.0.113.7')).toBe('203.0.113.7');
  });

  it('all addresses of one IPv6 /64 as one', () => {
    expect(addressBlock('2001:db8:1:2:3:4:5:6')).toBe(addressBlock('2001:db8:1:2::ffff'));
  });

  it('addresses of two IPv6 /64 as two', () => {
    expect(addressBlock('2001:db8:1:2::1')).not.toBe(addressBlock('2001:db8:1:3::1'));
  });

  it('an address with the port that a proxy wrote behind it like one without', () => {
    expect(addressBlock('203.0.113.7:5678')).toBe('203.0.113.7');
    expect(addressBlock('[2001:db8:1:2::1]:443')).toBe(addressBlock('2001:db8:1:2::1'));
    expect(addressBlock('[2001:db8:1:2::1]')).toBe(addressBlock('2001:db8:1:2::1'));
  });

  it('an IPv6 address with a zone like one without', () => {
    expect(addressBlock('fe80::1%eth0')).toBe(addressBlock('fe80::1'));
  });
});

describe('the blocks of an address', () => {
  it('are its /64, /56 and /48, from the narrowest to the widest', () => {
    expect(addressBlocks('2001:db8:1:2345:6:7:8:9')).toEqual([
      '2001:db8:1:2345::/64',
      '2001:db8:1:2300::/56',
      '2001:db8:1::/48',
    ]);
  });

  it('never look alike when they differ in length', () => {
    expect(new Set(addressBlocks('2001:db8::1')).size).toBe(3);
  });

  it('are only the address itself in IPv4', () => {
    expect(addressBlocks('203.0.113.7')).toEqual(['203.0.113.7']);
    expect(addressBlocks('::ffff:203.0.113.7')).toEqual(['203.0.113.7']);
  });

  it('are one unknown block for what is no address', () => {
    expect(addressBlocks('a proxy’s mistake')).toEqual(['unknown']);
  });
});
