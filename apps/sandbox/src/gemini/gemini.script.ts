import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Behaviour, type Directive, directiveIn } from './gemini.behaviour.js';
import { type GeminiCall, isGenerating, type Method } from './gemini.call.js';
import { isNaming } from './gemini.text.js';

/** Of how many conversations it is known how often their directive was followed. */
const FOLLOWED_KEPT = 1_000;

/** The calls that a rule applies to: those that meet every given field. */
export interface CallMatch {
  apiKey?: string;
  model?: string;
  /** Absent: the generating methods. */
  method?: Method | 'any';
  /** Part of the newest user message. */
  prompt?: string;
  /** All of the newest user message. */
  promptIs?: string;
  /** Part of the system instruction. */
  system?: string;
}

/** The behaviours for the next calls that match. */
export interface Rule {
  id: number;
  match: CallMatch;
  behaviours: Behaviour[];
  /** How many times the behaviours are repeated; null: without limit. */
  times: number | null;
  /** The number of calls that it has answered. */
  used: number;
}

/** Chooses the behaviour for each call: of the newest rule that matches and isn't used up, else a plain answer. */
@Injectable()
export class GeminiScript {
  private rules: Rule[] = [];
  private lastId = 0;
  /** How often directives with a number of times have been followed, by the conversation that they stand in. */
  private readonly followed = new Map<string, number>();

  add(match: CallMatch, behaviours: Behaviour[], times: number | null): Rule {
    const rule = { id: ++this.lastId, match, behaviours, times, used: 0 };
    this.rules.unshift(rule);
    return rule;
  }

  /** Newest first. */
  list(): readonly Rule[] {
    return this.rules;
  }

  remove(id: number): void {
    this.rules = this.rules.filter((rule) => rule.id !== id);
  }

  clear(): void {
    this.rules = [];
    this.followed.clear();
  }

  /**
   * The behaviour for this call; counts the call as a use of its rule.
   * @throws GoogleError 400 for an invalid directive in the prompt
   */
  next(call: GeminiCall): { behaviour: Behaviour; ruleId: number | null } {
    const asked = takesDirectives(call) ? directiveIn(call.prompt) : null;
    if (asked !== null) return { behaviour: this.follow(asked, call), ruleId: null };
    const rule = this.rules.find((candidate) => !isUsedUp(candidate) && matches(candidate.match, call));
    if (rule === undefined) return { behaviour: new Behaviour(), ruleId: null };
    const behaviour = rule.behaviours[rule.used++ % rule.behaviours.length] ?? new Behaviour();
    return { behaviour, ruleId: rule.id };
  }

  /** The behaviour of a directive, or a plain answer after as many times as it says; then it begins anew. */
  private follow(directive: Directive, call: GeminiCall): Behaviour {
    if (directive.times === null) return directive;
    const key = conversationKey(call);
    const times = this.followed.get(key) ?? 0;
    this.followed.delete(key);
    if (times >= directive.times) return new Behaviour();
    this.followed.set(key, times + 1);
    const [oldest] = this.followed.keys();
    if (this.followed.size > FOLLOWED_KEPT && oldest !== undefined) this.followed.delete(oldest);
    return directive;
  }
}

/** A directive steers the answer to the message that it stands in, and not what is asked about that message. */
const takesDirectives = (call: GeminiCall): boolean => isGenerating(call.method) && !isNaming(call);

/** The same for each attempt to answer one message. */
const conversationKey = ({ model, contents }: GeminiCall): string =>
  createHash('sha256')
    .update(JSON.stringify([model, contents]))
    .digest('base64');

const isUsedUp = (rule: Rule): boolean => rule.times !== null && rule.used >= rule.times * rule.behaviours.length;

/** Whether a call meets every field of a match. */
export function matches(match: CallMatch, call: GeminiCall): boolean {
  return matchesMethod(match.method, call.method) && matchesFields(match, call);
}

function matchesMethod(wanted: CallMatch['method'], method: Method): boolean {
  if (wanted === undefined) return isGenerating(method);
  return wanted === 'any' || wanted === method;
}

function matchesFields(match: CallMatch, call: GeminiCall): boolean {
  return (
    (match.apiKey === undefined || match.apiKey === call.apiKey) &&
    (match.model === undefined || match.model === call.model) &&
    (match.prompt === undefined || call.prompt.includes(match.prompt)) &&
    (match.promptIs === undefined || match.promptIs === call.prompt) &&
    (match.system === undefined || (call.systemInstruction ?? '').includes(match.system))
  );
}
