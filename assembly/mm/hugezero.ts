/**
 * The huge zero page: one page for every read of untouched huge anonymous memory, kept alive by references.
 *
 * Protocol
 *   Each mapping holds a reference, and the shrinker one of its own; when only that is left, the shrinker may free it.
 *   Mappings are not counted (OWNER_UNCOUNTED). From 4.8 on an mm holds one reference until it dies, whatever it maps.
 *
 * Reference: mm/huge_memory.c get_huge_zero_page, shrink_huge_zero_page_scan [S: 6.1.192]; 4.5 [T: aa88b68c3b1d].
 */

import { Reg } from "../abi/operands";
import { Frame, Globals, Kind, OWNER_UNCOUNTED } from "../abi/records";
import { allocate, Pool } from "../hw/frames";
import { add, frameAt, get, globalWord, put, setReg } from "../word";
import { putPage } from "./pages";

/** PAGE := the huge zero page with one more reference; 7 without memory. */
export function getHugeZero(task: u32): u32 {
  const word = globalWord(Globals.HUGE_ZERO);
  if (get(word) == 0) {
    const frame = allocate(Pool.HUGE, Kind.PAGE, OWNER_UNCOUNTED);
    if (frame == 0) return 7;
    put(word, frame);
  }
  setReg(task, Reg.PAGE, get(word));
  add(frameAt(get(word)) + Frame.REFERENCES, 1);
  return 0;
}

/** Frees the page when nobody but the shrinker holds it. */
export function shrinkHugeZero(): void {
  const word = globalWord(Globals.HUGE_ZERO);
  const frame = get(word);
  if (frame == 0 || get(frameAt(frame) + Frame.REFERENCES) != 1) return;
  put(word, 0);
  putPage(frame);
}
