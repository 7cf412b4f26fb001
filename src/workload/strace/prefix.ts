/**
 * What strace prints before the call: the task and the time, in any of its styles.
 *
 * Protocol
 *   `123 `, `[pid  123] `, `123<name> ` or nothing; then the time of -t, -tt, -ttt or -r, or nothing; then what -i
 *   and -n
 *   print in brackets, or nothing. The result stands in the fields until the next line: no object per line.
 */
import { BadLine, Char, isAt, isDigit, textOf } from "./text.js";

/** Linux gives no task a higher number, so that a higher one is a time in whole seconds. */
const PID_MAX = 4_194_304;
const BRACKETS_BYTES = 24;

export class Prefix {
  /** undefined if the line names no task. */
  pid: number | undefined;
  time: number | undefined;
  /** Where the call starts. */
  at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;

  read(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.at = start;
    this.pid = undefined;
    this.time = undefined;
    this.#skipSpaces();
    if (isDigit(bytes[this.at])) this.#numberOrTime();
    else if (isAt(bytes, this.at, "[pid")) this.#bracketedPid();
    if (isDigit(bytes[this.at])) this.#time(this.#integer());
    // -r next to -t: `(+     0.000123) `.
    if (bytes[this.at] === Char.OPEN) this.#skipThrough(Char.CLOSE);
    while (bytes[this.at] === Char.BRACKET_OPEN && this.#isBracketedNumber()) this.#skipThrough(Char.BRACKET_CLOSE);
  }

  #bracketedPid(): void {
    this.at += 4;
    this.#skipSpaces();
    this.pid = this.#integer();
    this.#skipThrough(Char.BRACKET_CLOSE);
  }

  #numberOrTime(): void {
    const value = this.#integer();
    const code = this.#bytes[this.at];
    if (code === Char.SPACE && value <= PID_MAX) {
      this.pid = value;
      this.#skipSpaces();
    } else if (code === Char.LESS) {
      this.pid = value;
      this.#skipThrough(Char.GREATER);
    } else this.#time(value);
  }

  #time(whole: number): void {
    const bytes = this.#bytes;
    let seconds = whole;
    for (let part = 0; part < 2 && bytes[this.at] === Char.COLON; part++) {
      this.at++;
      seconds = seconds * 60 + this.#integer();
    }
    if (bytes[this.at] === Char.DOT) {
      const start = ++this.at;
      const fraction = this.#integer();
      seconds += fraction / (TENS[this.at - start] ?? Number.POSITIVE_INFINITY);
    }
    if (bytes[this.at] !== Char.SPACE) throw new BadLine("no call behind the time");
    this.time = seconds;
    this.#skipSpaces();
  }

  #integer(): number {
    const bytes = this.#bytes;
    const start = this.at;
    let at = start;
    let value = 0;
    for (let code = bytes[at]; isDigit(code); code = bytes[at]) {
      value = value * 10 + (code - Char.DIGIT_0);
      at++;
    }
    if (at === start) throw new BadLine("no number where the task or the time should be");
    this.at = at;
    return value;
  }

  #isBracketedNumber(): boolean {
    return /^\[ *[0-9a-f?]+\]/.test(textOf(this.#bytes, this.at, Math.min(this.at + BRACKETS_BYTES, this.#end)));
  }

  #skipThrough(last: Char): void {
    while (this.at < this.#end && this.#bytes[this.at] !== last) this.at++;
    if (this.at >= this.#end) throw new BadLine(`no ${String.fromCharCode(last)} behind the task`);
    this.at++;
    this.#skipSpaces();
  }

  #skipSpaces(): void {
    const bytes = this.#bytes;
    let at = this.at;
    while (bytes[at] === Char.SPACE) at++;
    this.at = at;
  }
}

/** 10 to the power of the index; strace prints at most nine digits of a second. */
const TENS: readonly number[] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
