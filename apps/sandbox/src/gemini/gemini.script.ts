import { Injectable } from '@nestjs/common';
import { Behaviour, behaviourInPrompt } from './gemini.behaviour.js';
import { GENERATING_METHODS, type GeminiCall, type Method } from './gemini.call.js';

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
  }

  /**
   * The behaviour for this call; counts the call as a use of its rule.
   * @throws GoogleError 400 for an invalid directive in the prompt
   */
  next(call: GeminiCall): { behaviour: Behaviour; ruleId: number | null } {
    const asked = call.method === 'getModel' || call.method === 'countTokens' ? null : behaviourInPrompt(call.prompt);
    if (asked !== null) return { behaviour: asked, ruleId: null };
    const rule = this.rules.find((candidate) => !isUsedUp(candidate) && matches(candidate.match, call));
    if (rule === undefined) return { behaviour: new Behaviour(), ruleId: null };
    const behaviour = rule.behaviours[rule.used++ % rule.behaviours.length] ?? new Behaviour();
    return { behaviour, ruleId: rule.id };
  }
}

const isUsedUp = (rule: Rule): boolean => rule.times !== null && rule.used >= rule.times * rule.behaviours.length;

/** Whether a call meets every field of a match. */
export function matches(match: CallMatch, call: GeminiCall): boolean {
  return matchesMethod(match.method, call.method) && matchesFields(match, call);
}

function matchesMethod(wanted: CallMatch['method'], method: Method): boolean {
  if (wanted === undefined) return (GENERATING_METHODS as readonly Method[]).includes(method);
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
