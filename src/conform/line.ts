/**
 * One line of a script as words: positional ones, `key=value` and flags. Numbers take k m g t (binary) and p (4 KiB).
 */
import { excerpt, InputError } from "../error.js";

const UNITS: Readonly<Record<string, number>> = { "": 1, p: 4096, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A line that the model has no rule for: counted, never hidden. */
export class Unsupported extends Error {}

export class Line {
  readonly #plain: string[] = [];
  readonly #named = new Map<string, string>();

  constructor(
    readonly text: string,
    readonly source: string,
  ) {
    for (const word of text.trim().split(/\s+/)) {
      const equals = word.indexOf("=");
      if (equals < 0) this.#plain.push(word);
      else this.#named.set(word.slice(0, equals), word.slice(equals + 1));
    }
  }

  /** The n-th positional word, 0 first. */
  word(n: number): string {
    return this.#plain[n] ?? this.#reject(`there is no word ${n + 1}`);
  }

  has(flag: string): boolean {
    return this.#plain.includes(flag);
  }

  option(key: string): string | undefined {
    return this.#named.get(key);
  }

  required(key: string): string {
    return this.#named.get(key) ?? this.#reject(`there is no ${key}=`);
  }

  number(key: string): number;
  number(key: string, otherwise: number): number;
  number(key: string, otherwise?: number): number {
    const text = this.#named.get(key);
    if (text === undefined && otherwise !== undefined) return otherwise;
    return this.#parse(text ?? this.required(key));
  }

  /** [start, end) of the address and length at positions `n` and `n + 1`. */
  range(n: number): [number, number] {
    const start = this.#parse(this.word(n));
    return [start, start + this.#parse(this.word(n + 1))];
  }

  address(n: number): number {
    return this.#parse(this.word(n));
  }

  #parse(text: string): number {
    const match = /^(0x[0-9a-f]+|\d+)([pkmgt]?)$/i.exec(text);
    const unit = UNITS[(match?.[2] ?? "").toLowerCase()] ?? Number.NaN;
    const value = match === null ? Number.NaN : Number(match[1]) * unit;
    return Number.isSafeInteger(value) ? value : this.#reject(`${excerpt(text)} is not a number`);
  }

  #reject(what: string): never {
    throw new InputError(`${what} in ${excerpt(this.text)}`, {
      source: this.source,
      remedy: "write the line as test/fixtures/golden/README.md says",
    });
  }
}
