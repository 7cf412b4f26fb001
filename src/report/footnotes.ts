/**
 * Footnotes: long remarks that many rows share, said once below the table and lettered in order of appearance.
 */
import { wrap } from "./text.js";

export class Footnotes {
  readonly #letters = new Map<string, string>();

  /** The mark to put in the table. */
  mark(text: string): string {
    const known = this.#letters.get(text);
    if (known !== undefined) return known;
    const letter = nameOf(this.#letters.size);
    this.#letters.set(text, letter);
    return letter;
  }

  format(width: number): string {
    return [...this.#letters]
      .map(([text, letter]) => `  ${letter}  ${wrap(text, width, " ".repeat(letter.length + 4)).trimStart()}`)
      .join("\n");
  }
}

/** a, b, ... z, aa, ab, ... */
function nameOf(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : nameOf(Math.floor(index / 26) - 1) + last;
}
