/**
 * mm/gup.c gup_fast: a page without any lock [S: 7.0rc6], and a walker of page frames that takes references on whatever
 * it meets (memory failure, compaction) [M].
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as w from "../ops-walkers.js";

/** A huge page's entry is read again after the reference is taken; a base page's with its PMD entry since 6.1. */
const unchanged: readonly Line[] = [
  until("6.1", "70cbc3cc78a9", w.gup_unchanged(Reg.TMP, 1)),
  since("6.1", "70cbc3cc78a9", w.gup_unchanged(Reg.TMP, 2)),
];

/** get_user_pages_fast() of the page at START; what it cannot have without a lock is left. The page is put again. */
export const pin = listing("mm/gup.c", "gup_fast", [
  k.move(Reg.ADDRESS, Reg.START),
  w.gup_begin(),
  ...at("next", w.gup_step(Reg.TMP, "entry")),
  k.if_zero(Reg.TMP, "out"),
  k.test(Reg.FULL, Reg.TMP, 1),
  k.if_set(Reg.FULL, "next"),
  w.try_grab_folio_fast(Reg.TMP),
  k.if_zero(Reg.TMP, "out"),
  ...unchanged,
  k.if_zero(Reg.TMP, "changed"),
  w.gup_keep(),
  w.gup_end(),
  k.put_page(),
  k.jump("end"),
  ...at("changed", k.put_page()),
  ...at("out", w.gup_end()),
  ...at("end", k.ret(false)),
]);

export const scan = listing("mm/memory-failure.c", "get_hwpoison_page", [
  w.get_page_unless_zero(Reg.TMP),
  k.if_zero(Reg.TMP, "out"),
  w.put_speculative(),
  ...at("out", k.ret(false)),
]);
