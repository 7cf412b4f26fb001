/**
 * mm/memory.c: unmapping base pages, of one mm and of a file [S: 6.1.192, 7.0rc6; T: 1cf35d47712d, 5df397dec7c4].
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { Entry } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as c from "../ops-collapse.js";
import * as p from "../pageops.js";
import { BATCHED, flush_tlb_batched_pending } from "./batched.js";
import { tlb_finish_mmu, tlb_flush_mmu, tlb_flush_mmu_tlbonly } from "./gather.js";

/** Base-page entries that one step clears: they stand in one table, whose lock is held. */
const ZAP_BATCH = 512;
const FORCED = "1cf35d47712d";
/** From here on the huge zero page belongs to the mm. */
export const PER_MM = "6fcb52a56ff6";
const DELAYED = "5df397dec7c4";

/**
 * One PTE table. A full batch ends it early, and then, or after a dirty page of a file, the flush comes before the lock
 * is dropped (since 3.15); the dirty page keeps its map count until then (since 6.2).
 */
const zap_pte_range = listing("mm/memory.c", "zap_pte_range", [
  k.lock_write(k.PTL),
  since("4.13", BATCHED, flush_tlb_batched_pending),
  since("6.2", DELAYED, p.zap_ptes(Reg.FORCE_FLUSH, ZAP_BATCH, true)),
  until("6.2", DELAYED, p.zap_ptes(Reg.FORCE_FLUSH, ZAP_BATCH)),
  k.if_zero(Reg.FORCE_FLUSH, "unlock"),
  since("3.15", FORCED, tlb_flush_mmu_tlbonly),
  since("6.2", DELAYED, k.test(Reg.TMP, Reg.FORCE_FLUSH, p.ZAP_DIRTY), k.if_zero(Reg.TMP, "unlock"), p.flush_rmaps()),
  until("3.15", FORCED, k.test(Reg.FORCE_FLUSH, Reg.FORCE_FLUSH, p.ZAP_FULL)),
  ...at("unlock", k.unlock(k.PTL)),
  k.if_zero(Reg.FORCE_FLUSH, "out"),
  tlb_flush_mmu,
  ...at("out"),
]);

const PINNED = "aa88b68c3b1d";

/**
 * A huge page: khugepaged's, with its deposited table, or the huge zero page. The reference of that one was dropped
 * here up to 4.5; 4.6 and 4.7 keep it in the gather until the flush; from 4.8 on (6fcb52a56ff6) it belongs to the mm,
 * not to the mapping. [T: aa88b68c3b1d; M: 4.8]
 */
const zap_huge_pmd = listing("mm/huge_memory.c", "zap_huge_pmd", [
  k.lock_write(k.PTL),
  // Somebody else may have zapped it, and a fault have put a table there.
  k.read_entry(Reg.TMP),
  k.test(Reg.TMP, Reg.TMP, Entry.LEAF),
  k.if_zero(Reg.TMP, "unlock"),
  k.record(Reg.ADDRESS, k.PMD, k.PMD, "tlb_remove_pmd_tlb_entry()"),
  k.clear_entry(k.PMD, "pmdp_huge_get_and_clear_full()"),
  c.own_huge(Reg.TMP),
  k.if_zero(Reg.TMP, "zero"),
  k.page_remove_rmap(),
  c.withdraw(),
  k.unlock(k.PTL),
  k.gather_queue(Reg.TMP),
  k.jump("out"),
  ...at("zero", k.unlock(k.PTL)),
  until("4.8", PER_MM, until("4.6", PINNED, k.put_page()), since("4.6", PINNED, k.gather_queue(Reg.TMP))),
  k.jump("out"),
  ...at("unlock", k.unlock(k.PTL)),
  ...at("out"),
]);

/** Clears the base pages of [ADDRESS, LAST) of VMA. */
export const unmap_page_range = listing("mm/memory.c", "unmap_page_range", [
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "missing"),
  zap_pte_range,
  k.jump("next"),
  ...at("missing", k.walk(Reg.ADDRESS, k.PMD)),
  k.if_zero(Reg.ENTRY, "skip"),
  k.read_entry(Reg.TMP),
  k.if_zero(Reg.TMP, "skip"),
  zap_huge_pmd,
  k.add_pages(Reg.ADDRESS, k.PMD),
  k.jump("next"),
  ...at("skip", p.skip_table()),
  k.jump("next"),
  ...at("out", arch("tlb_end_vma")),
]);

/** Unmaps pages [START, END) of FILE from whoever maps them, each mm with its own gather. */
export const unmap_mapping_range = listing("mm/memory.c", "unmap_mapping_range", [
  k.move(Reg.INDEX, Reg.START),
  k.lock_write(k.I_MMAP),
  k.set(Reg.VMA, 0),
  ...at("next", k.next_in_tree()),
  k.if_zero(Reg.VMA, "out"),
  k.tlb_gather_mmu(),
  unmap_page_range,
  tlb_finish_mmu,
  k.jump("next"),
  ...at("out", k.unlock(k.I_MMAP)),
]);

/** Page by page: the page leaves the page cache; a page that a fault has mapped again is unmapped first. */
const truncate_inode_pages = listing("mm/truncate.c", "truncate_inode_pages_range", [
  k.move(Reg.INDEX, Reg.START),
  ...at("next", k.next_cached(), k.if_zero(Reg.PAGE, "out")),
  p.find_get_page(),
  k.if_zero(Reg.PAGE, "next"),
  k.lock_write(p.FOLIO_LOCK),
  p.still_cached(Reg.TMP),
  k.if_zero(Reg.TMP, "unlock"),
  k.remove_huge_page(),
  ...at("unlock", k.unlock(p.FOLIO_LOCK)),
  k.put_page(),
  k.jump("next"),
  ...at("out"),
]);

/** truncate of an ordinary file: unmapped twice, because a fault may have come in between [S: 6.1.192]. */
const truncate_pagecache: readonly Line[] = [
  k.write_size(Reg.START),
  unmap_mapping_range,
  truncate_inode_pages,
  unmap_mapping_range,
];

export const truncateFile = listing("mm/truncate.c", "truncate_pagecache", [...truncate_pagecache, k.ret(false)]);

/** A driver takes its memory back: nobody maps it any more, so it may be freed. No reference says otherwise. */
export const revoke = listing("(driver)", "revoke", [
  k.write_size(Reg.START),
  unmap_mapping_range,
  k.move(Reg.INDEX, Reg.START),
  ...at("next", k.next_cached()),
  k.if_zero(Reg.PAGE, "out"),
  k.remove_huge_page(),
  k.jump("next"),
  ...at("out", k.ret(false)),
]);

/** The shrinker of the huge zero page. */
export const shrinkHugeZero = listing("mm/huge_memory.c", "shrink_huge_zero_page_scan", [
  p.shrink_huge_zero_page(),
  k.ret(false),
]);
