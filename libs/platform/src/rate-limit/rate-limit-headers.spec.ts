import { rateLimitHeaders } from './rate-limit-headers.js';

describe('rateLimitHeaders', () => {
  it('speaks the IETF draft', () => {
    expect(
      rateLimitHeaders({ policy: 'daily-messages', quota: 5, window: 86_400, remaining: 3, reset: 3600.2 }),
    ).toEqual({
      'RateLimit-Policy': '"daily-messages";q=5;w=86400',
      RateLimit: '"daily-messages";r=3;t=3601',
    });
  });

  it('lists several limits and never shows less than nothing', () => {
    const headers = rateLimitHeaders(
      { policy: 'a', quota: 1, window: 60, remaining: -2, reset: 5 },
      { policy: 'b', quota: 9, window: 3600, remaining: 9, reset: 0 },
    );
    expect(headers.RateLimit).toBe('"a";r=0;t=5, "b";r=9;t=0');
  });
});
