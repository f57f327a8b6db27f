import { type Person, signUpAndLogIn } from '../login.js';
import { makePro } from '../plan.js';
import { plansFile } from '../plans-file.js';
import { type Stack, type StackOptions, startStack } from '../stack.js';

/**
 * Signs up a user with the plan Pro, which has no daily quota.
 *
 * @param http the client to sign up with
 */
export async function proUser(stack: Stack, http = stack.http): Promise<Person> {
  const person = await signUpAndLogIn(http);
  await makePro(stack.database.url, person.id);
  return person;
}

/** The shipped catalogue, but that one user on Pro may have many replies written at once. */
const manyAtOnce = (): string => plansFile(({ plans }) => (plans.pro.concurrentReplies = 100));

/** Starts a stack for tests of replies, with a short lease and short pauses between attempts, and one user on Pro. */
export async function startReplyStack({ env, ...options }: StackOptions = {}): Promise<{
  stack: Stack;
  person: Person;
}> {
  const settings = { REPLY_LEASE_MS: '2000', REPLY_RETRY_BASE_MS: '50', PLANS_FILE: manyAtOnce(), ...env };
  const stack = await startStack({ ...options, env: settings });
  return { stack, person: await proUser(stack) };
}
