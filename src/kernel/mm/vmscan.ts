/**
 * mm/vmscan.c and mm/rmap.c: reclaim of pages of files, with flushes that are deferred.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, listing, only, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { GENERATIONS } from "./batched.js";
import { free_page_list } from "./gather.js";
import { flushPage, rmap_walk_file } from "./pagewalk.js";

/** The entry has gone, its flush is left for later: the machine's part, then the flags that say so. */
const set_tlb_ubc_flush_pending = listing("mm/rmap.c", "set_tlb_ubc_flush_pending", [
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.RANGE_END, Reg.ADDRESS),
  k.add_pages(Reg.RANGE_END, k.BASE),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.BASE),
  arch("tlbbatch_add_pending"),
  since("5.17", GENERATIONS, p.batch_mark(true, Reg.BATCH)),
  until("5.17", GENERATIONS, p.batch_mark(false, Reg.BATCH)),
]);

/** One entry, at ADDRESS of MM. NEW_START: the page that is meant; NEED_FLUSH: what the entry was. */
const try_to_unmap_one = listing("mm/rmap.c", "try_to_unmap_one", [
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  p.if_same(Reg.PAGE, Reg.NEW_START, "mapped", "pvmw->pte maps the page"),
  k.jump("unlock"),
  ...at("mapped", p.batch_defer(Reg.TMP)),
  only("reclaim-at-once", k.set(Reg.TMP, 0)),
  k.if_zero(Reg.TMP, "now"),
  k.clear_entry(k.BASE, "ptep_get_and_clear()", undefined, Reg.BATCH),
  set_tlb_ubc_flush_pending,
  k.jump("cleared"),
  ...at("now", k.clear_entry(k.BASE, "ptep_clear_flush()", undefined, Reg.BATCH)),
  ...flushPage,
  ...at("cleared", p.mark_dirty(Reg.BATCH)),
  k.page_remove_rmap(),
  k.put_page(),
  ...at("unlock", k.unlock(k.PTL)),
  ...at("out"),
]);

/** What was deferred is flushed: one interrupt for many pages, or the wait for many broadcasts. */
const try_to_unmap_flush = listing("mm/rmap.c", "try_to_unmap_flush", [
  p.batch_due(Reg.TMP),
  k.if_zero(Reg.TMP, "nothing"),
  arch("tlbbatch_flush"),
  p.batch_reset(),
  ...at("nothing"),
]);

const LARGE = "bc2ff4cbc329";

/**
 * Reclaims pages [START, END) of FILE: unmapped with deferred flushes, taken out of the page cache, freed when the
 * batch is flushed. Up to 6.8 a large folio was freed on the spot. Dirty pages are left to write-back.
 * [S: mm/vmscan.c of 6.1.192; T: bc2ff4cbc329 and the stable patches of July 2026]
 */
export const reclaim = listing("mm/vmscan.c", "shrink_folio_list", [
  k.move(Reg.INDEX, Reg.START),
  ...at("next", k.next_cached()),
  k.if_zero(Reg.PAGE, "out"),
  p.find_get_page(),
  k.if_zero(Reg.PAGE, "next"),
  k.trylock_write(p.FOLIO_LOCK, Reg.TMP),
  k.if_zero(Reg.TMP, "busy"),
  p.still_cached(Reg.TMP),
  k.if_zero(Reg.TMP, "keep"),
  k.move(Reg.NEW_START, Reg.PAGE),
  rmap_walk_file(try_to_unmap_one),
  k.page_mapped(Reg.TMP),
  k.if_set(Reg.TMP, "keep"),
  p.page_dirty(Reg.TMP),
  k.if_set(Reg.TMP, "keep"),
  k.remove_huge_page(),
  k.unlock(p.FOLIO_LOCK),
  until("6.9", LARGE, p.file_level(Reg.TMP), k.if_zero(Reg.TMP, "small"), k.put_page(), k.jump("next")),
  ...at("small", k.gather_queue(Reg.TMP)),
  k.jump("next"),
  ...at("keep", k.unlock(p.FOLIO_LOCK)),
  // What stays keeps this reference too until the flush is done.
  ...at("busy", k.gather_queue(Reg.TMP)),
  k.add_pages(Reg.INDEX, k.BASE),
  k.jump("next"),
  ...at("out", try_to_unmap_flush),
  free_page_list,
  k.ret(false),
]);
