import fc from 'fast-check';
import { originOfReturnUrl } from './return-url.js';

describe('an address to return to', () => {
  it.each([
    'http://localhost:3000',
    'http://localhost:3000/welcome',
    'http://localhost:3000?from=checkout',
    'http://localhost:3000#/welcome',
    'http://localhost:3000/welcome?session_id={CHECKOUT_SESSION_ID}',
    'http://localhost:3000/{CHECKOUT_SESSION_ID}/done',
    "http://localhost:3000/a/../b//c?x[]=1&y=%C3%A9&z='(!*)#part",
    'http://localhost:3000/@handle',
  ])('may be %s', (url) => {
    expect(originOfReturnUrl(url)).toBe('http://localhost:3000');
  });

  it.each([
    'blob:http://localhost:3000/x',
    'filesystem:http://localhost:3000/x',
    'view-source:http://localhost:3000/x',
    'http:localhost:3000/x',
    'http:/localhost:3000/x',
    'http:///localhost:3000/x',
    'http:\\\\localhost:3000\\x',
    '//localhost:3000/x',
    'localhost:3000/x',
    'HTTP://localhost:3000/x',
    'http://LOCALHOST:3000/x',
    'http://localhost:03000/x',
    'http://ｌｏｃａｌｈｏｓｔ:3000/x',
    'http://localhost：3000/x',
    'http://local\u00adhost:3000/x',
    'http://%6cocalhost:3000/x',
    'http://user@localhost:3000/x',
    'http://user:password@localhost:3000/x',
    'http://@localhost:3000/x',
    'http://:@localhost:3000/x',
    'https://example.com:443/x',
    'https://bücher.example/x',
    'http://127.1/x',
    'http://0x7f000001/x',
    'http://localhost:3000/\u0000',
    'http://localhost:3000/\t',
    'http://localhost:3000/a\nb',
    ' http://localhost:3000/x',
    'http://localhost:3000/x ',
    'http://localhost:3000/\ud800',
    'http://localhost:3000/grüße',
    'http://localhost:3000/\u202ex',
    'http://localhost:3000/a\\b',
    'http://localhost:3000/%',
    'http://localhost:3000/%zz',
    'http://localhost:3000/<script>',
    'http://localhost:3000/{id}',
    'http://localhost:3000/a|b',
    'http://localhost:{CHECKOUT_SESSION_ID}/',
    'http://localhost:99999/x',
    'ftp://localhost/x',
    'javascript:alert(1)',
    'data:text/html,x',
    '/welcome',
    '',
  ])('is not %j', (url) => {
    expect(originOfReturnUrl(url)).toBeNull();
  });

  it('has the origin that a browser goes to, or none', () => {
    const part = fc.constantFrom(
      'http:',
      'https:',
      '/',
      '//',
      '\\',
      '@',
      ':',
      'a.example',
      'evil',
      '\t',
      '%2f',
      '?',
      '#',
      '.',
    );
    const url = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(url, (each) => {
        const origin = originOfReturnUrl(each);
        if (origin === null) return true;
        const { origin: ofBrowser, username, password } = new URL(each);
        return ofBrowser === origin && each.startsWith(origin) && username === '' && password === '';
      }),
      { numRuns: 5_000 },
    );
  });
});
