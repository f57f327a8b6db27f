/** What every scenario is given. */
import { rowLine } from '../report/table.mjs';

/** @import {BenchEnv, Person} from '../env/bench-env.mjs' */
/** @import {Side} from '../env/sides.mjs' */
/** @import {Column, Row} from '../report/result.mjs' */

/** @typedef {{seconds: number, rounds: number, smoke: boolean}} Options */

export class Context {
  /** @type {Row[]} */
  rows = [];
  /** The part that runs now. */
  part = '';

  /** @param {BenchEnv} bench @param {Person[]} people @param {Options} options @param {(line: string) => void} note */
  constructor(bench, people, options, note) {
    this.bench = bench;
    this.people = people;
    this.options = options;
    this.note = note;
  }

  /** All sides, the product last. @returns {Side[]} */
  get sides() {
    const { product, necessary, bare } = this.bench.sides;
    return [bare, necessary, product];
  }

  /** A small number in place of the real one, for a smoke test. @param {number} real @param {number} small */
  size(real, small) {
    return this.options.smoke ? small : real;
  }

  /** @param {Omit<Row, 'part'>} row */
  add(row) {
    const whole = { part: this.part, ...row };
    this.rows.push(whole);
    console.log(rowLine(whole));
  }

  /** Measures all sides in turns, so that what else the machine does meets all of them. @template T @param {(side: Side) => Promise<T>} measure */
  async inTurns(measure, rounds = this.options.rounds) {
    /** @type {Partial<Record<Column, T[]>>} */
    const results = {};
    for (let round = 0; round < rounds; round++)
      for (const side of this.sides) (results[side.name] ??= []).push(await measure(side));
    return results;
  }
}
