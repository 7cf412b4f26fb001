/**
 * What a step uses, noted while it runs: for the search that leaves schedules out (explore/places.ts).
 *
 * Only the module of that search is built with RECORDED (asconfig.reduce.json). In the others nothing here is called.
 */

/** How a step uses a word: bits of a byte. Two steps that only set bits, only clear, or only add can change places. */
export const enum Access {
  READ = 1,
  WRITE = 2,
  SET = 4,
  CLEAR = 8,
  ADD = 16,
}

/** Map of what may be used, a byte a word from `noteFrom` on, then the cells; and whether anything was added to it. */
let noteMap: u32 = 0;
let noteFrom: u32 = 0;
let noteSpan: u32 = 0;
export let noticed: u32 = 0;

/** Notes from now on what the words [from, from + span) are used for, in the map at byte `map`; a span of 0 ends it. */
export function noteInto(map: u32, from: u32, span: u32): void {
  noteMap = map;
  noteFrom = from;
  noteSpan = span;
}

export function note(word: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    const at = word - noteFrom;
    if (at < noteSpan) noteIn(noteMap + at, access);
  }
}

/** A use of cell `cell` (ghost/cells.ts). Cells follow the words in the map. */
export function noteCell(cell: u32, access: u32): void {
  if (isDefined(RECORDED)) {
    if (noteSpan != 0) noteIn(noteMap + noteSpan + cell, access);
  }
}

function noteIn(at: u32, access: u32): void {
  const known = load<u8>(at);
  if ((known & access) == access) return;
  store<u8>(at, known | access);
  noticed++;
}
