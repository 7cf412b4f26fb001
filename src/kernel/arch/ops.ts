/**
 * The steps of the machines' flushes: arch/x86/mm/tlb.c and arch/arm64/include/asm/tlbflush.h [S: kernel.md 4.1, 4.3].
 */

import { Erratum, Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { at, type Line, listing, op, since, to, until } from "../listing.js";

const local = op(Op.X86_FLUSH_LOCAL, [], "flush_tlb_func(local)", "this CPU invalidates {range}, if it runs {flushed}");
const send = op(
  Op.X86_SEND_IPI,
  [],
  "on_each_cpu_mask(flush_tlb_func)",
  "interrupts the other CPUs of {flushed} to invalidate {range}",
);

/** Before 5.13 the initiator flushed itself first [M: 4ce94eabac16]. */
export const flush_tlb_mm_range = listing("arch/x86/mm/tlb.c", "flush_tlb_mm_range", [
  op(Op.X86_CEILING, [], "(end - start) >> stride_shift > tlb_single_page_flush_ceiling"),
  op(Op.X86_NEXT_GENERATION, [], "inc_mm_tlb_gen()", "a new TLB generation of {flushed}: {range} must go"),
  until("5.13", "4ce94eabac16, 5.13 [M]", local),
  send,
  since("5.13", "4ce94eabac16, 5.13 [M]", local),
  op(Op.X86_WAIT_IPI, [], "smp_call_function_many() waits", "every interrupted CPU has acknowledged"),
]);

/** TLBI of the range in the registers; `hint` is the register with the level hint. */
export const tlbi = Object.assign(
  (hint?: Reg): Line =>
    op(
      Op.TLBI,
      [hint ?? 0],
      "__tlbi(vale1is / vae1is / aside1is)",
      "broadcasts the invalidation of {range} for {flushed}",
    ),
  {
    limits: (): Line => op(Op.ARM64_LIMITS, [], "(end - start) >= MAX_DVM_OPS * stride"),
    hint: (into: Reg): Line => op(Op.ARM64_HINT, [into], "tlb_get_level()"),
  },
);

/** INVLPG on every CPU, for the kernel's own mappings; riscv fences every CPU in the same way. */
export const kernel_flush = listing("arch/x86/mm/tlb.c", "flush_tlb_kernel_range", [
  op(Op.KERNEL_SEND, [], "on_each_cpu(do_kernel_range_flush)", "interrupts every other CPU to invalidate {range}"),
  op(Op.KERNEL_LOCAL, [], "flush_tlb_one_kernel()", "this CPU invalidates {range}"),
  op(Op.X86_WAIT_IPI, [], "on_each_cpu() waits", "every interrupted CPU has acknowledged"),
]);

/** A TLBI for the ASID that was read into GENERATION. */
const asidTlbi: readonly Line[] = [
  op(Op.TLBI_ASID, [Reg.GENERATION], "__tlbi(vale1is)", "broadcasts the invalidation of {range} for the ASID it read"),
  op(Op.DSB, [], "dsb(ish)", "the broadcast invalidation is complete on every CPU"),
];
const REPEAT = "d9ff80f83ecb";
export const flush_asid = listing("arch/arm64/include/asm/tlbflush.h", "flush_tlb_page", [
  ...asidTlbi,
  since(
    "4.11",
    REPEAT,
    op(Op.ERRATUM, [Reg.BATCH, Erratum.DSB_EARLY], "ARM64_WORKAROUND_REPEAT_TLBI"),
    op(Op.BRANCH_ZERO, [Reg.BATCH, to("once")], "if (!batched) goto once"),
    ...asidTlbi,
    ...at("once"),
  ),
]);

/** broadcast_tlb_flush: for an mm with a global ASID, reached on every CPU, lazy or not [S: 7.0rc6]. */
export const broadcast_tlb_flush = listing("arch/x86/mm/tlb.c", "broadcast_tlb_flush", [
  op(Op.X86_CEILING, [], "(end - start) >> stride_shift > tlb_single_page_flush_ceiling"),
  op(Op.TLBI, [0], "invlpgb_flush_user_nr_nosync()", "broadcasts the invalidation of {range} for {flushed}"),
  op(Op.DSB, [], "__tlbsync()", "what this CPU has broadcast is complete on every CPU"),
]);

/** __flush_tlb_range of riscv, by interrupt or by SBI [S: 038ac18aae93]. */
export const riscv_flush = listing("arch/riscv/mm/tlbflush.c", "__flush_tlb_range", [
  op(Op.RISCV_LIMITS, [], "nr_ptes_in_range > tlb_flush_all_threshold"),
  op(Op.RISCV_SEND, [], "sbi_remote_sfence_vma_asid()", "asks the other CPUs of {flushed} to fence {range}"),
  op(Op.RISCV_FENCE_LOCAL, [], "sfence.vma", "this CPU fences {range}, if it is in the mask of {flushed}"),
  op(Op.X86_WAIT_IPI, [], "the calls have returned", "every CPU that was asked has fenced"),
]);

/** arch_tlbbatch_add_pending and arch_tlbbatch_flush of machines with a mask of CPUs. */
export const batch = {
  add: op(Op.BATCH_ADD, [], "arch_tlbbatch_add_pending()", "the CPUs of {mm} are to be flushed later"),
  send: op(Op.BATCH_SEND, [], "arch_tlbbatch_flush()", "interrupts every CPU of the batch to drop what it owes"),
  wait: op(Op.X86_WAIT_IPI, [], "smp_call_function_many() waits", "every interrupted CPU has acknowledged"),
};

export const dsb = (): Line => op(Op.DSB, [], "dsb(ish)", "the broadcast invalidation is complete on every CPU");

/** Hardware that needs it takes each TLBI and DSB twice [M: d9ff80f83ecb; S: 6.12.117 for the list of cores]. */
export const repeat_tlbi = (hint?: Reg): Line =>
  since(
    "4.11",
    REPEAT,
    listing("arch/arm64/include/asm/tlbflush.h", "__tlbi", [
      op(Op.ERRATUM, [Reg.GENERATION, Erratum.DSB_EARLY], "ARM64_WORKAROUND_REPEAT_TLBI"),
      op(Op.BRANCH_ZERO, [Reg.GENERATION, to("once")], "if (!generation) goto once"),
      tlbi(hint),
      dsb(),
      ...at("once"),
    ]),
  );
