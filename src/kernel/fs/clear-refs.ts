/**
 * fs/proc/task_mmu.c: soft-dirty bits are cleared by taking the write right, so that the next store faults and is seen.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, listing, since, until } from "../listing.js";
import { tlb_finish_mmu } from "../mm/gather.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";

const EXPLICIT = "912efa17e512";

/**
 * clear_refs_write for soft-dirty. A gather was opened, and from 0758cd830494 (5.6) on a gather in which nothing was
 * recorded flushed nothing; since 912efa17e512 the flush is asked for by name, with the pending counter held
 * [S: 7.0rc6 for the last form; M for the two before].
 */
export const clear_refs = listing("fs/proc/task_mmu.c", "clear_refs_write", [
  k.lock_write(k.MMAP_LOCK),
  k.tlb_gather_mmu(),
  k.move(Reg.ADDRESS, Reg.START),
  k.move(Reg.LAST, Reg.END),
  k.set(Reg.PROT, VmaFlag.READ),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "done")),
  p.protect_ptes(Reg.TMP),
  k.jump("next"),
  ...at("done"),
  until("5.12", EXPLICIT, tlb_finish_mmu),
  since(
    "5.12",
    EXPLICIT,
    k.move(Reg.FLUSH_MM, Reg.MM),
    k.move(Reg.RANGE_START, Reg.START),
    k.move(Reg.RANGE_END, Reg.END),
    k.set(Reg.STRIDE, k.BASE),
    arch("flush_tlb_mm"),
    k.gather_finish(),
  ),
  k.unlock(k.MMAP_LOCK),
  k.ret(true),
]);
