/**
 * mm/rmap.c: from a page of a file to the entries that map it [S: 6.1.192].
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { at, type Line, listing, type Sub } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";

/** Flushes the page at ADDRESS of MM, alone. */
export const flushPage: readonly Line[] = [
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.RANGE_END, Reg.ADDRESS),
  k.add_pages(Reg.RANGE_END, k.BASE),
  ...p.flush_tlb_range,
];

/** Every VMA of FILE that maps page INDEX, each of its base pages. */
const rmapWalk = (one: Sub): readonly Line[] => [
  k.move(Reg.VALUE, Reg.END),
  k.move(Reg.END, Reg.INDEX),
  k.add_pages(Reg.END, k.BASE),
  k.lock_read(k.I_MMAP),
  k.set(Reg.VMA, 0),
  ...at("vma", k.next_in_tree()),
  k.if_zero(Reg.VMA, "walked"),
  ...at("entry", k.if_ge(Reg.ADDRESS, Reg.LAST, "vma")),
  one,
  k.add_pages(Reg.ADDRESS, k.BASE),
  k.jump("entry"),
  ...at("walked", k.unlock(k.I_MMAP)),
  k.move(Reg.END, Reg.VALUE),
  k.move(Reg.PAGE, Reg.NEW_START),
];

/** Calls `one` for each entry that may map the page NEW_START; PAGE is that page again afterwards. */
export const rmap_walk_file = (one: Sub) => listing("mm/rmap.c", "rmap_walk_file", rmapWalk(one));
