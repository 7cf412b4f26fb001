/**
 * mm/hugetlb.c hugetlb_unshare_pmds, and who calls it: the split of a VMA, and the arming of userfaultfd.
 *
 * A table may be shared only by VMAs that cover its whole GiB, so a VMA is split with its table unshared: from 6.2 on
 * (b30c14cd6102) before the split, with locks that are dropped again; from 6.16 on (081056dc00a2) inside it, with the
 * locks of the split held [T: both diffs]. userfaultfd unshares since 5.13 (6dfeaff93be1 [M]; form of 5.16 [S: a4a1]).
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import { split_vma } from "../ops-walkers.js";
import { tlb_finish_mmu } from "./gather.js";
import { GATHERED, huge_pmd_unshare, huge_pmd_unshare_flush } from "./hugetlb.js";
import { VMA_LOCK, vma_end_write_all, vma_start_write } from "./locking.js";

const SPLIT_UNSHARES = "b30c14cd6102";
const SPLIT_LOCKED = "081056dc00a2";

/** Unshares every GiB of [NEW_START, LAST) of VMA; START and END stay. */
const hugetlb_unshare_pmds = (takesLocks: boolean) =>
  listing("mm/hugetlb.c", "hugetlb_unshare_pmds", [
    since("7.0", GATHERED, k.tlb_gather_mmu()),
    ...(takesLocks ? [since("6.1", VMA_LOCK, k.lock_write(k.VMA_LOCK)), k.lock_write(k.I_MMAP)] : []),
    k.move(Reg.ADDRESS, Reg.NEW_START),
    ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
    k.walk(Reg.ADDRESS, k.PMD),
    k.if_zero(Reg.ENTRY, "advance"),
    k.lock_write(k.PTL),
    k.move(Reg.INDEX, Reg.ADDRESS),
    huge_pmd_unshare,
    k.move(Reg.ADDRESS, Reg.INDEX),
    k.unlock(k.PTL),
    ...at("advance", k.add_pages(Reg.ADDRESS, k.PUD)),
    k.jump("next"),
    ...at("out"),
    since("7.0", GATHERED, huge_pmd_unshare_flush),
    until(
      "7.0",
      GATHERED,
      k.move(Reg.RANGE_START, Reg.NEW_START),
      k.move(Reg.RANGE_END, Reg.LAST),
      k.move(Reg.FLUSH_MM, Reg.MM),
      k.set(Reg.STRIDE, k.PMD),
      k.check_range(),
      arch("flush_tlb_range"),
    ),
    ...(takesLocks ? [k.unlock(k.I_MMAP), since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK))] : []),
    since("7.0", GATHERED, tlb_finish_mmu),
  ]);

/** The GiB that a cut at register `cut` goes through, when the VMA covers all of it: NEW_START, LAST; TMP 0 if not. */
const gibAround = (cut: Reg): readonly Line[] => [
  k.vma_bounds(Reg.TMP),
  k.if_zero(Reg.TMP, "cut"),
  k.align_down(Reg.NEW_START, cut, k.PUD),
  k.if_ge(Reg.NEW_START, cut, "cut"),
  k.if_ge(Reg.NEW_START, Reg.ADDRESS, "inside"),
  k.jump("cut"),
  ...at("inside", k.move(Reg.INDEX, Reg.LAST), k.move(Reg.LAST, Reg.NEW_START), k.add_pages(Reg.LAST, k.PUD)),
  k.if_ge(Reg.INDEX, Reg.LAST, "shareable"),
  k.jump("cut"),
  ...at("shareable"),
];

/** One cut at register `cut`, if a VMA goes across it. */
const cutAt = (cut: Reg): Line =>
  listing("mm/vma.c", "__split_vma", [
    k.find_vma(cut),
    k.if_zero(Reg.VMA, "out"),
    k.vma_bounds(Reg.TMP),
    // At the start of a VMA there is nothing to cut.
    k.if_ge(Reg.ADDRESS, cut, "out"),
    until("6.16", SPLIT_LOCKED, ...gibAround(cut), hugetlb_unshare_pmds(true), ...at("cut")),
    vma_start_write,
    k.vma_bounds(Reg.TMP),
    k.if_zero(Reg.TMP, "plain"),
    k.lock_write(k.I_MMAP),
    since("6.16", SPLIT_LOCKED, ...gibAround(cut), hugetlb_unshare_pmds(false), ...at("cut")),
    split_vma(cut),
    k.unlock(k.I_MMAP),
    k.jump("out"),
    ...at("plain", split_vma(cut)),
    ...at("out"),
  ]);

/** Splits at START and END before the call does its work; up to 6.1 the split unshares nothing and is part of it. */
export const splitEnds: Line = since("6.2", SPLIT_UNSHARES, cutAt(Reg.START), cutAt(Reg.END));

/** userfaultfd registration for write protection or minor faults: the VMA may not share, and what it shares goes. */
export const uffdRegister = listing("mm/userfaultfd.c", "userfaultfd_register", [
  k.lock_write(k.MMAP_LOCK),
  k.find_vma(Reg.START),
  k.if_zero(Reg.VMA, "out"),
  k.test(Reg.TMP, Reg.TMP, VmaFlag.HUGETLB),
  k.if_zero(Reg.TMP, "out"),
  vma_start_write,
  k.vma_bounds(Reg.TMP),
  k.align_up(Reg.NEW_START, Reg.ADDRESS, k.PUD),
  k.align_down(Reg.LAST, Reg.LAST, k.PUD),
  k.set_uffd_flags(),
  since("5.13", "6dfeaff93be1", hugetlb_unshare_pmds(true)),
  vma_end_write_all,
  ...at("out", k.unlock(k.MMAP_LOCK), k.ret(false)),
]);
