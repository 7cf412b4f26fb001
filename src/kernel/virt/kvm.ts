/**
 * KVM: faults of a guest, the notifiers that take its entries away, and the four flushes that went wrong.
 *
 * A secondary MMU is an mm of its own here (assembly/mm/secondary.ts), and its vCPUs are CPUs that have it loaded.
 * Where KVM's remote flush takes a range, it is the machine's direct flush: on real x86 only Hyper-V flushes by range.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";

const flushRange: readonly Line[] = [k.move(Reg.FLUSH_MM, Reg.MM), arch("flush_tlb_range")];

/** A guest's fault: sequence, page, and under the lock whether both are still good [M: kvm_faultin_pfn]. */
const fault = (level: number) =>
  listing("arch/x86/kvm/mmu/mmu.c", "kvm_tdp_page_fault", [
    ...at("retry", k.notify_sequence(Reg.INDEX)),
    k.mirrored(Reg.TMP, level),
    k.if_zero(Reg.TMP, "out"),
    k.lock_write(k.MMU_LOCK),
    k.notify_retry(Reg.TMP, Reg.INDEX),
    k.if_zero(Reg.TMP, "install"),
    k.unlock(k.MMU_LOCK),
    k.jump("retry"),
    ...at("install", k.move(Reg.ADDRESS, Reg.START)),
    k.alloc_tables(Reg.TMP, level, Reg.ADDRESS),
    k.walk(Reg.ADDRESS, level),
    k.set(Reg.PROT, 3),
    k.set_entry(level),
    k.unlock(k.MMU_LOCK),
    ...at("out", k.ret(false)),
  ]);

export const guestPage = fault(k.BASE);
export const guestHuge = fault(k.PMD);
export const createVm = listing("virt/kvm/kvm_main.c", "kvm_create_vm", [k.mirror(), k.ret(false)]);

/**
 * The notifier before a path of MM takes base pages of [ADDRESS, LAST) away. OFFSET keeps MM meanwhile.
 *
 * Up to 5.10 the count of entries that were dropped without a flush was OR-ed into an int: a multiple of 2^32 was no
 * reason to flush [T: 88bf56d04bc3, with its diff].
 */
export const invalidate_range_start = listing("virt/kvm/kvm_main.c", "kvm_mmu_notifier_invalidate_range_start", [
  k.move(Reg.OFFSET, Reg.MM),
  k.secondary(Reg.TMP),
  k.if_zero(Reg.TMP, "none"),
  k.lock_write(k.MMU_LOCK),
  k.notify_begin(),
  k.clear_leaves(Reg.FORCE_FLUSH, k.BASE, "kvm_unmap_gfn_range()"),
  k.tlbs_dirty(Reg.TMP),
  until("5.11", "88bf56d04bc3", k.truncate_int(Reg.TMP)),
  k.if_zero(Reg.TMP, "clean"),
  k.set(Reg.FORCE_FLUSH, 1),
  ...at("clean", k.if_zero(Reg.FORCE_FLUSH, "unlock")),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.RANGE_END, Reg.LAST),
  k.set(Reg.STRIDE, k.BASE),
  arch("flush_tlb_mm"),
  ...at("unlock", k.unlock(k.MMU_LOCK)),
  k.move(Reg.MM, Reg.OFFSET),
  ...at("none"),
]);

export const invalidate_range_end = listing("virt/kvm/kvm_main.c", "kvm_mmu_notifier_invalidate_range_end", [
  k.move(Reg.OFFSET, Reg.MM),
  k.secondary(Reg.TMP),
  k.if_zero(Reg.TMP, "none"),
  k.lock_write(k.MMU_LOCK),
  k.notify_end(),
  k.unlock(k.MMU_LOCK),
  k.move(Reg.MM, Reg.OFFSET),
  ...at("none"),
]);

/**
 * A table is taken out as a whole: its entries are cleared one by one, then flushed. The last entry's address, not the
 * first's, was the start of that flush [T: 574c3c55e969].
 */
export const zapTable = listing("arch/x86/kvm/mmu/tdp_mmu.c", "handle_removed_tdp_mmu_page", [
  k.lock_write(k.MMU_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.unhook_table(k.PUD, "tdp_mmu_set_spte()"),
  k.if_zero(Reg.PAGE, "none"),
  k.clear_orphans(k.PMD),
  k.move(Reg.RANGE_START, Reg.START),
  until("5.16", "574c3c55e969", k.add_pages(Reg.RANGE_START, k.PUD), k.sub_pages(Reg.RANGE_START, k.PMD)),
  k.move(Reg.RANGE_END, Reg.RANGE_START),
  k.add_pages(Reg.RANGE_END, k.PUD),
  k.set(Reg.STRIDE, k.PMD),
  ...flushRange,
  k.unlock(k.MMU_LOCK),
  k.put_table(),
  k.jump("out"),
  ...at("none", k.unlock(k.MMU_LOCK)),
  ...at("out", k.ret(true)),
]);

/**
 * Two shadow pages are zapped one after the other, and flushed for together. The answer for the second took the place
 * of the first's: with nothing to zap there, the flush for the first was forgotten [T: 315f02c60d94].
 */
export const recoverPages = listing("arch/x86/kvm/mmu/mmu.c", "kvm_recover_nx_lpages", [
  k.lock_write(k.MMU_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.move(Reg.LAST, Reg.START),
  k.add_pages(Reg.LAST, k.PMD),
  k.clear_leaves(Reg.FORCE_FLUSH, k.PMD, "kvm_tdp_mmu_zap_sp()"),
  k.add_pages(Reg.ADDRESS, k.PMD),
  k.add_pages(Reg.LAST, k.PMD),
  k.clear_leaves(Reg.TMP, k.PMD, "kvm_tdp_mmu_zap_sp()"),
  until("5.12", "315f02c60d94", k.move(Reg.FORCE_FLUSH, Reg.TMP)),
  since("5.12", "315f02c60d94", k.if_zero(Reg.TMP, "nothing"), k.set(Reg.FORCE_FLUSH, 1), ...at("nothing")),
  k.if_zero(Reg.FORCE_FLUSH, "unlock"),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.LAST),
  k.set(Reg.STRIDE, k.PMD),
  arch("flush_tlb_mm"),
  ...at("unlock", k.unlock(k.MMU_LOCK)),
  k.ret(true),
]);

/**
 * arm64: a table entry is cleared, and the address flushed with a hint of the entry's own level, at which there is no
 * leaf: what the table's entries have put into TLBs may stay [T: 36e008323926].
 */
export const unmapTable = listing("arch/arm64/kvm/hyp/pgtable.c", "stage2_put_pte", [
  k.lock_write(k.MMU_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.unhook_table(k.PMD, "kvm_clear_pte()"),
  k.if_zero(Reg.PAGE, "none"),
  k.clear_orphans(k.BASE),
  k.set(Reg.INDEX, 0),
  until("6.10", "36e008323926", k.set(Reg.INDEX, k.PMD + 1)),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.START),
  k.add_pages(Reg.RANGE_END, k.PMD),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.BASE),
  arch("kvm_flush_ipa"),
  k.unlock(k.MMU_LOCK),
  k.put_table(),
  k.jump("out"),
  ...at("none", k.unlock(k.MMU_LOCK)),
  ...at("out", k.ret(true)),
]);

/** A shadow page is synchronized: an entry goes and is counted, and the flush is left to whoever comes next. */
export const syncPage = listing("arch/x86/kvm/mmu/paging_tmpl.h", "sync_page", [
  k.lock_write(k.MMU_LOCK),
  k.drop_unflushed(Reg.TMP, k.BASE),
  k.if_zero(Reg.TMP, "out"),
  k.count_dirty(),
  ...at("out", k.unlock(k.MMU_LOCK)),
  k.ret(false),
]);
