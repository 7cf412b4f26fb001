/**
 * A word for each page key, by open addressing. Keys are never taken out.
 *
 * A table is at most half full, so a look-up ends at a free entry.
 */
import { allocate } from "./memory";

const enum Places {
  /** Pairs of key and word; key EMPTY when free, and the word of a key that is new. */
  TABLE = 0,
  BITS = 4,
  KNOWN = 8,
  END = 16,
}

const EMPTY: u32 = 0xffffffff;
const FIRST_BITS: u32 = 12;

export function makePlaces(): usize {
  const places = allocate(Places.END);
  makeTable(places, FIRST_BITS);
  return places;
}

function makeTable(places: usize, bits: u32): void {
  const bytes: usize = (<usize>8) << bits;
  const table = allocate(bytes);
  memory.fill(table, 255, bytes);
  store<u32>(places, <u32>table, Places.TABLE);
  store<u32>(places, bits, Places.BITS);
}

/** Address of a key's word, until the next key comes in; 0xffffffff in it when the key is new. */
export function placeOf(places: usize, key: u32): usize {
  const known = load<u32>(places, Places.KNOWN);
  if (known > (<u32>1) << (load<u32>(places, Places.BITS) - 1)) grow(places);
  const entry = probe(places, key);
  if (load<u32>(entry) == EMPTY) {
    store<u32>(entry, key);
    store<u32>(places, known + 1, Places.KNOWN);
  }
  return entry + 4;
}

function probe(places: usize, key: u32): usize {
  const table = <usize>load<u32>(places, Places.TABLE);
  const bits = load<u32>(places, Places.BITS);
  const mask: usize = ((<usize>8) << bits) - 1;
  let offset = (<usize>((key * 0x9e3779b1) >> (32 - bits))) << 3;
  while (load<u32>(table + offset) != key && load<u32>(table + offset) != EMPTY) offset = (offset + 8) & mask;
  return table + offset;
}

function grow(places: usize): void {
  const bits = load<u32>(places, Places.BITS);
  const old = <usize>load<u32>(places, Places.TABLE);
  makeTable(places, bits + 1);
  for (let entry = old; entry < old + ((<usize>8) << bits); entry += 8) {
    if (load<u32>(entry) != EMPTY) store<u64>(probe(places, load<u32>(entry)), load<u64>(entry));
  }
}
