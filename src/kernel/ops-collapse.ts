/**
 * The ops of khugepaged's collapse.
 */
import type { Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import { type Line, op } from "./listing.js";

export const live_below = (reg: Reg): Line => op(Op.LIVE_BELOW, [reg], "for each pte: !pte_none(pte)");
export const own_huge = (reg: Reg): Line => op(Op.OWN_HUGE, [reg], "!is_huge_zero_pmd(orig_pmd)");
export const alloc_huge = (reg: Reg): Line => op(Op.ALLOC_HUGE, [reg], "alloc_charge_hpage()", "allocates a huge page");
/** `ok`: nobody else uses one of the pages. */
export const isolate_pages = (ok: Reg, table: Reg): Line =>
  op(
    Op.ISOLATE_PAGES,
    [ok, table],
    "__collapse_huge_page_isolate()",
    "looks whether anybody else has a reference on one of the pages, and isolates them",
  );
export const copy_next = (more: Reg, table: Reg): Line =>
  op(Op.COPY_NEXT, [more, table], "copy_user_highpage()", "copies the next page into the huge page");
export const pmd_populate = (table: Reg): Line =>
  op(Op.POPULATE, [table], "pmd_populate()", "gives the table back to {mm}: nothing is collapsed");
/** `done`: 0 when a table is there by now. */
export const set_huge = (done: Reg): Line =>
  op(Op.SET_HUGE, [done], "set_huge_zero_folio()", "maps page {page} at {address}");
export const deposit = (table: Reg): Line => op(Op.DEPOSIT, [table], "pgtable_trans_huge_deposit()");
export const withdraw = (): Line =>
  op(Op.WITHDRAW, [], "zap_deposited_table()", "frees the table that was kept with page {page}, at once");
