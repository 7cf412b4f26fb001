/**
 * mm/migrate.c and mm/mempolicy.c: NUMA hinting entries, and the migration of pages of files.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { Entry } from "../../../assembly/abi/records.js";
import { at, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { flushPage, rmap_walk_file } from "./pagewalk.js";

const PENDING = "16af97dc5a89";

/** An entry that hardware cannot use is flushed only if a flush may still be owed for it (pte_accessible). */
const ptep_clear_flush = listing("mm/pgtable-generic.c", "ptep_clear_flush", [
  k.clear_entry(k.BASE, "ptep_get_and_clear()", undefined, Reg.BATCH),
  k.test(Reg.TMP, Reg.BATCH, Entry.PRESENT),
  k.if_set(Reg.TMP, "flush"),
  p.read_flush_pending(Reg.TMP),
  k.if_zero(Reg.TMP, "inaccessible"),
  ...at("flush", ...flushPage),
  ...at("inaccessible"),
]);

const try_to_migrate_one = listing("mm/rmap.c", "try_to_migrate_one", [
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  p.if_same(Reg.PAGE, Reg.NEW_START, "mapped", "pvmw->pte maps the page"),
  k.jump("unlock"),
  ...at("mapped", ptep_clear_flush),
  p.mark_dirty(Reg.BATCH),
  k.page_remove_rmap(),
  k.put_page(),
  ...at("unlock", k.unlock(k.PTL)),
  ...at("out"),
]);

/** Migration of page START of FILE: unmapped everywhere, then a new page takes its place and the old one is freed. */
export const migratePage = listing("mm/migrate.c", "unmap_and_move", [
  k.move(Reg.INDEX, Reg.START),
  p.find_get_page(),
  k.if_zero(Reg.PAGE, "out"),
  k.lock_write(p.FOLIO_LOCK),
  p.still_cached(Reg.TMP),
  k.if_zero(Reg.TMP, "keep"),
  k.move(Reg.NEW_START, Reg.PAGE),
  rmap_walk_file(try_to_migrate_one),
  k.page_mapped(Reg.TMP),
  k.if_set(Reg.TMP, "keep"),
  k.replace_page(),
  ...at("keep", k.unlock(p.FOLIO_LOCK)),
  k.put_page(),
  ...at("out", k.ret(false)),
]);

/**
 * task_numa_work: the entries of [START, END) become hints, so that the next access says which node it comes from.
 * Under mmap_lock for read: several threads do it at once, and each says that its flush is pending [T: 16af97dc5a89].
 */
export const numaScan = listing("mm/mempolicy.c", "change_prot_numa", [
  k.lock_read(k.MMAP_LOCK),
  since("4.13", PENDING, p.flush_pending(3)),
  until("4.13", PENDING, p.flush_pending(1)),
  k.move(Reg.ADDRESS, Reg.START),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "flush")),
  k.find_vma(Reg.ADDRESS),
  k.if_zero(Reg.VMA, "advance"),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "advance"),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  p.set_protnone(),
  k.unlock(k.PTL),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.BASE)),
  k.jump("next"),
  ...at("flush", k.move(Reg.RANGE_START, Reg.START), k.move(Reg.RANGE_END, Reg.END)),
  ...p.flush_tlb_range,
  since("4.13", PENDING, p.flush_pending(2)),
  until("4.13", PENDING, p.flush_pending(0)),
  k.unlock(k.MMAP_LOCK),
  k.ret(false),
]);
