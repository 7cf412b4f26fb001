/**
 * Reads the arguments of one strace line from left to right, in place: bytes of a chunk in which every line ends in a
 * newline.
 *
 * Invariants
 *   S1  A method either returns a value and stands behind it, or throws BadLine; nothing is guessed.
 *   S2  Comments, names of descriptors and names of processes that strace adds (-X verbose, -y, -Y) are skipped.
 */
import { excerpt } from "../../error.js";
import { type FlagNames, HUGE_SHIFT } from "./flags.js";
import { HASH_START, nextHash, Words } from "./words.js";

/** Why a line is not usable; the parser adds file and line. */
export class BadLine extends Error {
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

export const enum Char {
  NEWLINE = 10,
  RETURN = 13,
  SPACE = 32,
  QUOTE = 34,
  OPEN = 40,
  CLOSE = 41,
  PLUS = 43,
  COMMA = 44,
  MINUS = 45,
  DOT = 46,
  SLASH = 47,
  DIGIT_0 = 48,
  DIGIT_9 = 57,
  COLON = 58,
  LESS = 60,
  GREATER = 62,
  QUESTION = 63,
  BRACKET_OPEN = 91,
  BACKSLASH = 92,
  BRACKET_CLOSE = 93,
  LOWER_X = 120,
  BAR = 124,
  BRACE_CLOSE = 125,
}

/** The first address that no process can map: 47 bits, the lower half of four-level paging. */
const USER_END = 2 ** 47;
const PAGE_BYTES = 4096;
const FLAG_WORDS_MAX = 4096;

export function isDigit(code: number | undefined): code is number {
  if (code === undefined) return false;
  return code >= Char.DIGIT_0 && code <= Char.DIGIT_9;
}

export class Scanner {
  at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the newline is. */
  #end = 0;
  /** Where the result stands, behind ` = `. */
  #resultAt = 0;
  readonly #flagWords = new Map<FlagNames, Words<number>>();

  reset(bytes: Uint8Array, at: number, end: number, resultAt: number): void {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
    this.#resultAt = resultAt;
  }

  /** The call's result, a number; the arguments must have been read. */
  result(): number {
    this.at = this.#resultAt;
    return this.number();
  }

  /** The result, an address that must lie in user space. */
  resultAddress(align = PAGE_BYTES, length = 0): number {
    this.at = this.#resultAt;
    return this.address("result", align, length);
  }

  /** An argument that must be an address in user space, and a multiple of `align`. */
  address(what: string, align = PAGE_BYTES, length = 0): number {
    const start = this.at;
    const value = this.number();
    // The low 32 bits hold the remainder of any power of two, and `&` is faster than `%` on a large number.
    if (value >= 0 && (value & (align - 1)) === 0 && value + length <= USER_END) return value;
    throw new BadLine(
      `impossible address ${textOf(this.#bytes, start, this.at)} (${what}): ` +
        `user space ends at 0x${USER_END.toString(16)} and pages start at multiples of ${PAGE_BYTES}`,
      "the line was altered, or it was recorded on another machine than x86-64",
    );
  }

  /** A byte count. */
  length(): number {
    const start = this.at;
    const value = this.number();
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
    throw new BadLine(`impossible length ${textOf(this.#bytes, start, this.at)}`);
  }

  /** A number in decimal, octal (0600), hexadecimal, or NULL. */
  number(): number {
    const bytes = this.#bytes;
    let at = this.at;
    const isNegative = bytes[at] === Char.MINUS;
    if (isNegative) at++;
    const start = at;
    let value = 0;
    if (bytes[at] === Char.DIGIT_0 && bytes[at + 1] === Char.LOWER_X) {
      at += 2;
      for (let digit = hexDigit(bytes[at]); digit < 16; digit = hexDigit(bytes[at])) {
        value = value * 16 + digit;
        at++;
      }
      if (at === start + 2) throw this.unexpected("a number");
    } else {
      const radix = bytes[at] === Char.DIGIT_0 ? 8 : 10;
      for (let digit = hexDigit(bytes[at]); digit < radix; digit = hexDigit(bytes[at])) {
        value = value * radix + digit;
        at++;
      }
      if (at === start && !isNegative && this.startsWith("NULL")) at += 4;
    }
    if (at === start || !endsNumber(bytes[at] as number)) throw this.unexpected("a number");
    this.at = at;
    if (bytes[at] === Char.SPACE) this.#skipComment();
    return isNegative ? -value : value;
  }

  /** A descriptor, whose file strace may name behind it: `3</dev/hugepages/a>`. */
  descriptor(): number {
    const value = this.number();
    if (this.#bytes[this.at] === Char.LESS) this.skipPast(">");
    return value;
  }

  /** Flags joined by `|`: names, numbers, `21<<MAP_HUGE_SHIFT`. Each spelling is worked out once. */
  flags(names: FlagNames): number {
    const bytes = this.#bytes;
    const start = this.at;
    let at = start;
    let hash = HASH_START;
    for (let code = bytes[at] as number; isFlagCode(code); code = bytes[at] as number) {
      hash = nextHash(hash, code);
      at++;
    }
    let words = this.#flagWords.get(names);
    if (words === undefined) {
      words = new Words();
      this.#flagWords.set(names, words);
    }
    let value = words.find(bytes, start, at, hash);
    if (value === undefined) {
      const word = textOf(bytes, start, at);
      value = sumOfFlags(word, names);
      if (words.size < FLAG_WORDS_MAX) words.add(word, value);
    }
    this.at = at;
    if (bytes[at] === Char.SPACE) this.#skipComment();
    return value;
  }

  /** A quoted string with strace's escapes, as UTF-8. */
  string(): string {
    const bytes = this.#bytes;
    const start = this.at + 1;
    if (bytes[this.at] !== Char.QUOTE) throw this.unexpected("a quoted string");
    let at = start;
    let isEscaped = false;
    for (let code = bytes[at]; code !== Char.QUOTE; code = bytes[++at]) {
      if (code === Char.BACKSLASH) {
        isEscaped = true;
        at++;
      }
      if (at >= this.#end) throw this.unexpected("the end of a string");
    }
    this.at = at + 1;
    if (this.startsWith("...")) this.at += 3;
    const raw = textOf(bytes, start, at);
    return isEscaped ? unescapeString(raw) : raw;
  }

  comma(): void {
    this.#skipSpaces();
    if (this.#bytes[this.at] !== Char.COMMA) throw this.unexpected("a comma");
    this.at++;
    this.#skipSpaces();
  }

  /** True if the arguments end here. */
  isAtEnd(): boolean {
    this.#skipSpaces();
    return this.#bytes[this.at] === Char.CLOSE;
  }

  close(): void {
    if (!this.isAtEnd()) throw this.unexpected("a closing parenthesis");
  }

  startsWith(word: string): boolean {
    return isAt(this.#bytes, this.at, word);
  }

  /** Stands behind the next `word`. */
  skipPast(word: string): void {
    let at = this.at;
    while (at < this.#end && !isAt(this.#bytes, at, word)) at++;
    if (at >= this.#end) throw this.unexpected(JSON.stringify(word));
    this.at = at + word.length;
  }

  unexpected(wanted: string): BadLine {
    const rest = textOf(this.#bytes, this.at, this.#end);
    return new BadLine(`expected ${wanted} but ${rest === "" ? "the line ends" : `found ${excerpt(rest, 24)}`}`);
  }

  #skipSpaces(): void {
    while (this.#bytes[this.at] === Char.SPACE) this.at++;
  }

  /** What `-X verbose` explains: a space, then a comment as in C. */
  #skipComment(): void {
    if (isAt(this.#bytes, this.at, " /*")) this.skipPast("*/");
  }
}

function sumOfFlags(word: string, names: FlagNames): number {
  let sum = 0;
  for (const part of word.split("|")) {
    const known = names.get(part);
    const shifted = /^(\d+)<<[A-Z_]+_SHIFT$/.exec(part);
    if (known !== undefined) sum += known;
    else if (shifted !== null) sum += Number(shifted[1]) * 2 ** HUGE_SHIFT;
    else if (/^0[0-7]*$/.test(part)) sum += Number.parseInt(part, 8);
    else if (/^(0x[0-9a-f]+|[1-9]\d*)$/.test(part)) sum += Number(part);
    else throw new BadLine(`unknown flag ${excerpt(part)}`, "correct the line, or report the flag");
  }
  return sum;
}

/** The value of a hexadecimal digit, 99 for any other byte. */
function hexDigit(code: number | undefined): number {
  if (code === undefined) return 99;
  if (isDigit(code)) return code - Char.DIGIT_0;
  return code >= 97 && code <= 102 ? code - 87 : 99;
}

/** What may stand behind a number. */
function endsNumber(code: number): boolean {
  return (
    code === Char.COMMA ||
    code === Char.CLOSE ||
    code === Char.SPACE ||
    code === Char.LESS ||
    code === Char.BRACE_CLOSE ||
    code === Char.NEWLINE ||
    code === Char.RETURN
  );
}

/** Letters, digits, `_`, `|` and `<`. */
function isFlagCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    isDigit(code) ||
    code === 95 ||
    code === Char.BAR ||
    code === Char.LESS
  );
}

/** True if `word`, which is ASCII, stands at `at`. */
export function isAt(bytes: Uint8Array, at: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word.charCodeAt(index)) return false;
  return true;
}

/** The bytes of a range as a string of its own. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const view = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.toString("latin1", start, end);
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

function unescapeString(raw: string): string {
  const bytes: number[] = [];
  for (const [token] of raw.matchAll(/\\x[0-9a-f]{2}|\\[0-7]{1,3}|\\.|[^\\]/gs)) {
    if (token.length === 1) bytes.push(token.charCodeAt(0));
    else if (token.startsWith("\\x")) bytes.push(Number.parseInt(token.slice(2), 16));
    else if (/^\\[0-7]/.test(token)) bytes.push(Number.parseInt(token.slice(1), 8));
    else bytes.push(ESCAPES[token.charAt(1)] ?? token.charCodeAt(1));
  }
  return Buffer.from(bytes).toString("utf8");
}
