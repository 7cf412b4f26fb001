/**
 * Fingerprints that follow the state: a sum over its words, changed by the few that a step writes.
 *
 * Each word has a key of its own; the sum takes key * spread(value) from every word, and what comes out is mixed once
 * more. Obligations have keys of zero: their order in memory says only which came first, so they are hashed one by one
 * and added up (hash.ts), at every step: there are few.
 */
import { obligationCount } from "../ghost/obligations";
import { obligationAt } from "../word";
import { hashObligation, mix } from "./hash";

const GOLDEN: u64 = 0x9e3779b97f4a7c15;

/** Keys of the words from `firstWord` on, 8 bytes each; those of the second half of a wide fingerprint after them. */
let keys: u32 = 0;
let firstWord: u32 = 0;
let keyBytes: u32 = 0;

/** Spreads 32 bits over 64, one to one, 0 to 0: a small difference changes high and low bits. */
export function spread(value: u32): u64 {
  const x = <u64>value * GOLDEN;
  return x ^ (x >> 29);
}

/** Makes the keys of `words` words; those from `unhashed` on count for nothing. */
export function keysStart(at: u32, from: u32, words: u32, unhashed: u32): void {
  keys = at;
  firstWord = from;
  keyBytes = words << 3;
  let seed: u64 = 0;
  for (let i: u32 = 0; i < words << 1; i++) {
    seed += GOLDEN;
    const word = i < words ? i : i - words;
    store<u64>(keys + (i << 3), word < unhashed ? mix(seed) | 1 : 0);
  }
}

/** Keys of one word. */
export function keyOfWord(word: u32): u64 {
  return load<u64>(keys + ((word - firstWord) << 3));
}

export function secondKeyOfWord(word: u32): u64 {
  return load<u64>(keys + keyBytes + ((word - firstWord) << 3));
}

/** What a word adds to the sum when it goes from `old` to `value`. */
export function change(word: u32, old: u32, value: u32): u64 {
  return load<u64>(keys + ((word - firstWord) << 3)) * (spread(value) - spread(old));
}

export function secondChange(word: u32, old: u32, value: u32): u64 {
  return load<u64>(keys + keyBytes + ((word - firstWord) << 3)) * (spread(value) - spread(old));
}

/** Sum of the hashes of the obligations that there are now. */
export function obligationSum(): u64 {
  const count = obligationCount();
  let sum: u64 = 0;
  for (let i: u32 = 0; i < count; i++) sum += hashObligation(obligationAt(i));
  return sum;
}

/** The fingerprint of a sum; 0 is the empty slot of the visited set. */
export function fingerprintOf(sum: u64): u64 {
  const key = mix(sum + GOLDEN);
  return key == 0 ? 1 : key;
}
