/**
 * mm/rmap.c: a page of an mm that nobody here runs is taken away, by somebody who runs another.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, listing, since, until } from "../listing.js";
import * as k from "../ops.js";

/**
 * try_to_unmap_one with ptep_clear_flush. An arm64 CPU may read the mm's ASID before its own store to the entry is seen
 * by others, unless a barrier stands between [S: 7.0rc6, comment of flush_tlb_mm]: without stores that wait here, that
 * is the order of the two lines.
 */
export const unmapOf = listing("mm/rmap.c", "try_to_unmap_one", [
  k.move(Reg.MM, Reg.NEW_START),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.move(Reg.ADDRESS, Reg.START),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  k.if_zero(Reg.TMP, "none"),
  until("5.15", "5e10f9887ed8", k.read_asid(Reg.GENERATION)),
  k.clear_entry(k.BASE, "ptep_get_and_clear()"),
  since("5.15", "5e10f9887ed8", k.read_asid(Reg.GENERATION)),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.START),
  k.add_pages(Reg.RANGE_END, k.BASE),
  k.set(Reg.STRIDE, k.BASE),
  arch("flush_tlb_asid"),
  k.page_remove_rmap(),
  k.unlock(k.PTL),
  k.put_page(),
  k.jump("out"),
  ...at("none", k.unlock(k.PTL)),
  ...at("out", k.ret(false)),
]);

/** Somebody else has taken the last ASID. */
export const rollover = listing("arch/arm64/mm/context.c", "new_context", [k.asid_rollover(), k.ret(false)]);
