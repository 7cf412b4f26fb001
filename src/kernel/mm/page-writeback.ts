/**
 * mm/page-writeback.c: write-back of pages of files.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { Entry, VmaFlag } from "../../../assembly/abi/records.js";
import { at, listing } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { flushPage, rmap_walk_file } from "./pagewalk.js";

/** page_mkclean_one: a dirty or writable entry is taken, flushed, and put back clean and read-only. */
const page_mkclean_one = listing("mm/rmap.c", "page_mkclean_one", [
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  p.if_same(Reg.PAGE, Reg.NEW_START, "mapped", "pvmw->pte maps the page"),
  k.jump("unlock"),
  ...at("mapped", k.test(Reg.TMP, Reg.TMP, Entry.WRITE | Entry.DIRTY)),
  k.if_zero(Reg.TMP, "unlock"),
  k.clear_entry(k.BASE, "ptep_clear_flush()", undefined, Reg.BATCH),
  ...flushPage,
  p.mark_dirty(Reg.BATCH),
  k.set(Reg.PROT, VmaFlag.READ),
  k.set_entry(k.BASE),
  ...at("unlock", k.unlock(k.PTL)),
  ...at("out"),
]);

/** Writes the dirty pages [START, END) of FILE [S: mm/page-writeback.c of 6.1.192]. */
export const writeback = listing("mm/page-writeback.c", "write_cache_pages", [
  k.move(Reg.INDEX, Reg.START),
  ...at("next", k.next_cached()),
  k.if_zero(Reg.PAGE, "out"),
  p.find_get_page(),
  k.if_zero(Reg.PAGE, "next"),
  k.lock_write(p.FOLIO_LOCK),
  p.still_cached(Reg.TMP),
  k.if_zero(Reg.TMP, "clean"),
  p.page_dirty(Reg.TMP),
  k.if_zero(Reg.TMP, "clean"),
  k.move(Reg.NEW_START, Reg.PAGE),
  k.page_mapped(Reg.TMP),
  k.if_zero(Reg.TMP, "mkcleaned"),
  rmap_walk_file(page_mkclean_one),
  ...at("mkcleaned", p.clear_dirty(Reg.TMP)),
  k.if_zero(Reg.TMP, "clean"),
  p.write_out(),
  ...at("clean", k.unlock(p.FOLIO_LOCK)),
  k.put_page(),
  k.add_pages(Reg.INDEX, k.BASE),
  k.jump("next"),
  ...at("out", k.ret(false)),
]);

/** Not a kernel path: holds write-back until the entry of mm at START has gone and its table's lock is free. */
export const awaitZapped = listing("(scenario)", "await-zapped", [
  p.await_zapped(),
  k.move(Reg.ADDRESS, Reg.START),
  k.move(Reg.MM, Reg.NEW_START),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  k.unlock(k.PTL),
  ...at("out", k.ret(false)),
]);
