/**
 * The ops of software walkers, and of what the kernel does to wait for them.
 */
import type { Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import { type Line, op } from "./listing.js";

export const gup_begin = (): Line =>
  op(Op.GUP_BEGIN, [], "local_irq_save()", "turns interrupts off and starts to walk the tables of {mm} at {address}");
/** `reg`: 0 nothing there, 1 a table, 2 a page. */
export const gup_step = (reg: Reg, entry: string): Line =>
  op(Op.GUP_STEP, [reg], `READ_ONCE(*${entry})`, "reads one entry on the way, without a lock");
export const try_grab_folio_fast = (reg: Reg): Line =>
  op(Op.GUP_GRAB, [reg], "try_grab_folio_fast()", "takes a reference on page {page}");
/** Looks again at the entry, and at the one above it when `levels` is 2. */
export const gup_unchanged = (reg: Reg, levels: 1 | 2): Line =>
  op(
    Op.GUP_UNCHANGED,
    [reg, levels],
    levels === 1 ? "entry == READ_ONCE(*entryp)" : "pmd == READ_ONCE(*pmdp) && pte == READ_ONCE(*ptep)",
    "looks again at what it has read",
  );
export const gup_keep = (): Line => op(Op.GUP_KEEP, [], "pages[nr] = page");
export const gup_end = (): Line => op(Op.GUP_END, [], "local_irq_restore()", "turns interrupts on again");

/** Interrupts every CPU and waits: whoever had interrupts off is out of its walk. */
export const sync_ipi = (text = "tlb_remove_table_sync_one()"): readonly Line[] => [
  op(Op.SYNC_IPI, [], text, "interrupts every other CPU, for software walkers to leave"),
  op(Op.SYNC_WAIT, [], `${text} waits`, "every other CPU has had its interrupts on since"),
];

export const get_page_unless_zero = (reg: Reg): Line =>
  op(Op.SPECULATE, [reg], "get_page_unless_zero(pfn)", "takes a reference on a frame that happens to be a PMD table");
export const put_speculative = (): Line => op(Op.UNSPECULATE, [], "put_page(pfn)", "drops that reference");

export const split_vma = (reg: Reg): Line => op(Op.SPLIT_VMA, [reg], "__split_vma()", "cuts the VMA in two");
