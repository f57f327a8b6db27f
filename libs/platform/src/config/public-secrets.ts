/** What stands where a secret belongs in examples, and in the settings that are only for development. */
const PLACEHOLDER = /change[-_ ]?me|known-to-everybody|only-for-development/i;

/** Secrets that this repository, or a specification that it follows, has published. */
const PUBLISHED: ReadonlySet<string> = new Set([
  // The sandbox and its tests.
  'sandbox',
  'sk_test_sandbox',
  'sk_test_dashboard',
  'sk_test_shape',
  'whsec_sandbox',
  'whsec_conformance',
  'whsec_of_the_test',
  'whsec_other',
  'whsec_before_rotation',
  // The signing secret that containers share in development: "known-to-everybody-too".
  'whsec_a25vd24tdG8tZXZlcnlib2R5LXRvbw==',
  // The example of Standard Webhooks.
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
]);

/** What vendors put in front of a secret, so that people see what it is for. */
const PREFIX = /^(?:whsec|[sr]k_test|[sr]k_live)_/;

/** Below these a secret can be guessed, whatever its length: 32 random hexadecimal digits have 14 different ones. */
const MIN_DIFFERENT = 8;

/** Whether a placeholder was left where a value of one's own belongs. */
export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value);

/** Whether a secret is known to others: published here, a placeholder, or nothing but one short piece over and over. */
export function isPublicSecret(secret: string): boolean {
  const bare = secret.replace(PREFIX, '');
  const isPublished = PUBLISHED.has(secret) || PUBLISHED.has(`whsec_${secret}`);
  return isPublished || isPlaceholder(secret) || (bare.length >= 8 && isRepetition(bare));
}

/**
 * Whether a secret that people make themselves can be guessed: few different characters, a short piece over and over, or
 * characters in their order such as `abcdefgh…`.
 */
export function isGuessable(secret: string): boolean {
  const codes = Array.from(secret, (character) => character.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  return new Set(codes).size < MIN_DIFFERENT || new Set(steps).size < MIN_DIFFERENT || isRepetition(secret);
}

/** Whether a text is one piece, at least twice. Found in its own double, away from both ends. */
const isRepetition = (text: string): boolean => `${text}${text}`.indexOf(text, 1) < text.length;
