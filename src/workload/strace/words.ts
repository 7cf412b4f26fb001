/**
 * A table from words, as bytes in a line, to what they mean: looked up without making a string.
 *
 * Protocol
 *   The caller hashes the bytes while it scans over them (nextHash), then asks with the hash and the range.
 */

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
  readonly next: Entry<T> | undefined;
}

/** The hash of no bytes. */
export const HASH_START = 0;

export function nextHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) & 0x3fffffff;
}

export class Words<T> {
  size = 0;
  readonly #entries = new Map<number, Entry<T>>();

  find(bytes: Uint8Array, start: number, end: number, hash: number): T | undefined {
    let entry = this.#entries.get(hash);
    while (entry !== undefined && !isSame(entry.bytes, bytes, start, end)) entry = entry.next;
    return entry?.value;
  }

  add(word: string, value: T): void {
    const bytes = Buffer.from(word, "latin1");
    const hash = bytes.reduce(nextHash, HASH_START);
    this.#entries.set(hash, { bytes, value, next: this.#entries.get(hash) });
    this.size++;
  }
}

function isSame(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let index = 0; index < word.length; index++) if (word[index] !== bytes[start + index]) return false;
  return true;
}
