import { leaksIn } from './leaks.js';

describe('a leak is seen', () => {
  it.each([
    ['a phone number', '{"msg":"Sent to +14152345678"}'],
    ['a phone number', 'phone=%2B14152345678'],
    ['an access token', 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'],
    ['a refresh token', `refresh with ${'Ab-_'.repeat(21)}xy failed`],
    ['a key', 'Invalid API Key provided: sk_test_sandbox'],
  ])('when %s is in a line', (what, line) => {
    expect(leaksIn(`before\n${line}\nafter`)).toEqual([`${what} in: ${line}`]);
  });

  it('when a known secret stands alone', () => {
    expect(leaksIn('code 042137!', ['042137'])).toHaveLength(1);
    expect(leaksIn('a (secret) thing', ['(secret)'])).toHaveLength(1);
  });
});

it('no leak is seen in ids, times and numbers', () => {
  const line =
    '{"time":"2026-11-23T10:00:00.042Z","requestId":"0197a1c0-1111-7000-8000-000000042137","durationMs":42137}';
  expect(leaksIn(line, ['042137', '7000'])).toEqual([]);
});

it('takes no id for a phone number, and finds one beside it', () => {
  const ids = '"id":"01a21646-eaf1-755b-a0c8-14151579404c","hash":"5375dba7f76f14151579404c8c792204"';
  expect(leaksIn(ids)).toEqual([]);
  expect(leaksIn(`${ids} +14155550123`)).toHaveLength(1);
});
