/**
 * mm/rmap.c and mm/migrate.c for huge pages of a file: try_to_unmap_one, try_to_migrate_one [S: kernel.md 1.4; T].
 *
 * START is the page's index in FILE, END the next. These share no gather with their caller and flush for themselves.
 * A migration entry is an empty entry here; the page lock keeps faults away until the new page is in the cache.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import { tlb_finish_mmu } from "./gather.js";
import { GATHERED, huge_pmd_unshare, huge_pmd_unshare_flush } from "./hugetlb.js";
import { VMA_LOCK } from "./locking.js";

const UNSHARES = "017b1660df89";
const SPLIT_PTL = "cb900f412154";
const I_MMAP_FAULT = "c0d0381ade79";

const pageRange: readonly Line[] = [
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.RANGE_END, Reg.ADDRESS),
  k.add_pages(Reg.RANGE_END, k.PMD),
];

const flush: readonly Line[] = [
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.PMD),
  k.check_range(),
  arch("flush_tlb_range"),
];

/**
 * One VMA that maps the page, at ADDRESS. Up to 4.18 a shared table is taken for the mm's own: its entry is cleared and
 * only this mm is flushed. Since then the table is unshared and the whole GiB flushed, if the VMA covers it.
 */
const one = (name: string) =>
  listing("mm/rmap.c", name, [
    ...pageRange,
    since("4.19", UNSHARES, k.widen_range()),
    k.walk(Reg.ADDRESS, k.PMD),
    k.if_zero(Reg.ENTRY, "out"),
    until("3.13", SPLIT_PTL, k.lock_write(k.PAGE_TABLE_LOCK)),
    since("3.13", SPLIT_PTL, k.lock_write(k.PTL)),
    since(
      "4.19",
      UNSHARES,
      // The order is vma_lock before i_mmap, so here it can only be tried [S: 6.1.192, 7.0rc6].
      since("6.1", VMA_LOCK, k.trylock_write(k.VMA_LOCK, Reg.TMP), k.if_zero(Reg.TMP, "unlock")),
      since("7.0", GATHERED, k.tlb_gather_mmu()),
      k.move(Reg.LAST, Reg.ADDRESS),
      huge_pmd_unshare,
      k.move(Reg.ADDRESS, Reg.LAST),
      since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK)),
      k.if_zero(Reg.TMP, "ordinary"),
      until("7.0", GATHERED, ...flush),
      since("7.0", GATHERED, huge_pmd_unshare_flush, tlb_finish_mmu),
      k.jump("unlock"),
      ...at("ordinary"),
      since("7.0", GATHERED, tlb_finish_mmu),
    ),
    k.read_entry(Reg.TMP),
    k.if_zero(Reg.TMP, "unlock"),
    ...pageRange,
    k.clear_entry(k.PMD, "huge_ptep_clear_flush()"),
    ...flush,
    k.page_remove_rmap(),
    k.put_page(),
    ...at("unlock"),
    until("3.13", SPLIT_PTL, k.unlock(k.PAGE_TABLE_LOCK)),
    since("3.13", SPLIT_PTL, k.unlock(k.PTL)),
    ...at("out"),
  ]);

/** Every VMA of the file's tree until the page is mapped nowhere. TMP: mappings left. */
const rmap_walk_file = (name: string) =>
  listing("mm/rmap.c", "rmap_walk_file", [
    k.set(Reg.VMA, 0),
    ...at("next", k.move(Reg.INDEX, Reg.START), k.next_cached(), k.if_zero(Reg.PAGE, "out")),
    k.page_mapped(Reg.TMP),
    k.if_zero(Reg.TMP, "out"),
    k.next_in_tree(),
    k.if_zero(Reg.VMA, "out"),
    one(name),
    k.jump("next"),
    ...at("out"),
  ]);

/** i_mmap: waited for up to 5.6, tried from 5.7, when it became the lock of every fault. */
const unmapPage = (name: string): readonly Line[] => [
  until("5.7", I_MMAP_FAULT, k.lock_write(k.I_MMAP)),
  since("5.7", I_MMAP_FAULT, k.trylock_write(k.I_MMAP, Reg.TMP), k.if_zero(Reg.TMP, "busy")),
  rmap_walk_file(name),
  k.unlock(k.I_MMAP),
];

export const migrate = listing("mm/migrate.c", "unmap_and_move_huge_page", [
  k.lock_write(k.PAGE_LOCK),
  ...unmapPage("try_to_migrate_one"),
  k.move(Reg.INDEX, Reg.START),
  k.next_cached(),
  k.if_zero(Reg.PAGE, "busy"),
  k.page_mapped(Reg.TMP),
  k.if_set(Reg.TMP, "busy"),
  k.replace_page(),
  ...at("busy", k.unlock(k.PAGE_LOCK), k.ret(false)),
]);

/** memory_failure: the page is unmapped everywhere and stays in the cache, poisoned. */
export const poison = listing("mm/memory-failure.c", "hwpoison_user_mappings", [
  k.lock_write(k.PAGE_LOCK),
  ...unmapPage("try_to_unmap_one"),
  ...at("busy", k.unlock(k.PAGE_LOCK), k.ret(false)),
]);
