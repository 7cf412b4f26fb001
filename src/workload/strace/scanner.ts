/**
 * Reads the arguments of one strace line from left to right, in place: bytes of a chunk in which every line ends in a
 * newline.
 *
 * Invariants
 *   S1  A method either returns a value and stands behind it, or throws BadLine; nothing is guessed.
 *   S2  Comments, names of descriptors and names of processes that strace adds (-X verbose, -y, -Y) are skipped.
 */
import { excerpt } from "../../error.js";
import type { FlagWords } from "./flag-words.js";
import { BadLine, Char, isAt, textOf, unescapeString } from "./text.js";

/** The first address that no process can map: 47 bits, the lower half of four-level paging. */
const USER_END = 2 ** 47;
const PAGE_BYTES = 4096;
const NO_DIGIT = 99;
/** The value of each byte as a digit. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) || (byte >= 65 && byte <= 70) ? NO_DIGIT : value;
});

export class Scanner {
  at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the newline is. */
  #end = 0;
  /** Where the result stands, behind ` = `. */
  #resultAt = 0;

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
      for (
        let digit = DIGITS[bytes[at] as number] as number;
        digit < 16;
        digit = DIGITS[bytes[at] as number] as number
      ) {
        value = value * 16 + digit;
        at++;
      }
      if (at === start + 2) throw this.unexpected("a number");
    } else {
      const radix = bytes[at] === Char.DIGIT_0 ? 8 : 10;
      for (
        let digit = DIGITS[bytes[at] as number] as number;
        digit < radix;
        digit = DIGITS[bytes[at] as number] as number
      ) {
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
  flags(words: FlagWords): number {
    const word = words.read(this.#bytes, this.at);
    this.at += word.bytes.length;
    if (this.#bytes[this.at] === Char.SPACE) this.#skipComment();
    return word.value;
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
    const bytes = this.#bytes;
    let { at } = this;
    while (bytes[at] === Char.SPACE) at++;
    if (bytes[at] !== Char.COMMA) throw this.unexpected("a comma");
    at++;
    while (bytes[at] === Char.SPACE) at++;
    this.at = at;
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
