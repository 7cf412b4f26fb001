/**
 * mm/rmap.c: flushes that reclaim has deferred, and those who may not trust an empty entry meanwhile.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";

/** The fix of 4.13, and its generations instead of a bool. */
export const BATCHED = "3ea277194daa";
export const GENERATIONS = "5ee2fa2f0636";

/**
 * Reclaim may have cleared entries and not flushed yet: who is about to trust an empty entry flushes for it first,
 * under the lock of the table. [S: 6.1.192, 7.0rc6; T: 3ea277194daa]
 */
export const flush_tlb_batched_pending = listing("mm/rmap.c", "flush_tlb_batched_pending", [
  p.batch_read(Reg.BATCH),
  k.if_zero(Reg.BATCH, "nothing"),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.BASE),
  k.set(Reg.RANGE_START, 0),
  k.set(Reg.RANGE_END, 0),
  arch("flush_tlb_batched"),
  since("5.17", GENERATIONS, p.batch_done(true)),
  until("5.17", GENERATIONS, p.batch_done(false)),
  ...at("nothing"),
]);
