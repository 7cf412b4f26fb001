/**
 * The flags of a call, as text, to a number. Each spelling is worked out once and then recognised byte by byte.
 *
 * Invariants
 *   F1  What is remembered is a function of the spelling alone, so that all parsers may share it.
 */
import { excerpt } from "../../error.js";
import { BadLine, Char, isDigit, textOf } from "./text.js";

/** Where the logarithm of the page size stands in the flags of mmap, memfd_create and shmget: `21<<MAP_HUGE_SHIFT`. */
const HUGE_SHIFT = 26;
const FLAG_WORDS_MAX = 64;

/** A spelling of flags that occurred, and its value. */
interface FlagWord {
  readonly bytes: Uint8Array;
  readonly value: number;
}

export class FlagWords {
  readonly #words: FlagWord[] = [];

  constructor(readonly names: ReadonlyMap<string, number>) {}

  /** The flags that stand at `at`, up to the first byte that cannot belong to them. */
  read(bytes: Uint8Array, at: number): FlagWord {
    return wordAt(this.#words, bytes, at) ?? this.#learn(bytes, at);
  }

  #learn(bytes: Uint8Array, at: number): FlagWord {
    let end = at;
    while (isFlagCode(bytes[end] as number)) end++;
    const text = textOf(bytes, at, end);
    const word = { bytes: Buffer.from(text, "latin1"), value: sumOfFlags(text, this.names) };
    if (this.#words.length === FLAG_WORDS_MAX) this.#words.pop();
    this.#words.unshift(word);
    return word;
  }
}

/** Finds the word that stands at `at`, and moves it to the front: programs repeat themselves. */
function wordAt(words: FlagWord[], bytes: Uint8Array, at: number): FlagWord | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as FlagWord;
    const { length } = word.bytes;
    let matched = 0;
    while (matched < length && word.bytes[matched] === bytes[at + matched]) matched++;
    if (matched < length || isFlagCode(bytes[at + length] as number)) continue;
    for (let later = index; later > 0; later--) words[later] = words[later - 1] as FlagWord;
    words[0] = word;
    return word;
  }
  return undefined;
}

function sumOfFlags(word: string, names: ReadonlyMap<string, number>): number {
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
