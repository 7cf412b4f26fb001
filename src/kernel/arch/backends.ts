/**
 * The back-ends: how a machine turns a gather or a range into invalidations. Listings like any other.
 *
 * Each edition runs on each machine as if the machine's flush code had always been today's; where an edition's own
 * code differed, the listing says so.
 */
import { Machine, Reg } from "../../../assembly/abi/operands.js";
import { type ArchHook, at, type Line, listing, only, since, until } from "../listing.js";
import { tlb_flush_mmu_tlbonly } from "../mm/gather.js";
import * as k from "../ops.js";
import {
  batch,
  broadcast_tlb_flush,
  dsb,
  flush_asid,
  flush_tlb_mm_range,
  kernel_flush,
  repeat_tlbi,
  riscv_flush,
  tlbi,
} from "./ops.js";

export interface Backend {
  readonly name: string;
  readonly machine: Machine;
  readonly title: string;
  readonly hooks: Readonly<Record<ArchHook, readonly Line[]>>;
}

/** A direct flush_tlb_range reaches tables on every machine; the gather's flush only if tables were recorded. */
const direct: readonly Line[] = [k.set(Reg.FULL, 0), k.set(Reg.TABLES, 1)];

/** A table that was unshared is flushed like one that was freed [T: diff of c2ff4764e03e]. */
const tables: Line = since(
  "7.1",
  "c2ff4764e03e",
  k.gather_unshared(Reg.TMP),
  k.if_zero(Reg.TMP, "leaves"),
  k.set(Reg.TABLES, 1),
  ...at("leaves"),
);

const preciseFlush = listing("(precise)", "tlb_flush", [tables, tlbi.limits(), tlbi(), dsb()]);

const preciseRange = listing("(precise)", "flush_tlb_range", [tlbi.limits(), tlbi(), dsb()]);
/** flush_tlb_mm: everything of the mm, tables included, on every machine [S: kernel.md 4.1]. */
const whole: readonly Line[] = [k.set(Reg.FULL, 1), k.set(Reg.TABLES, 1)];

/** arm64: fullmm without freed tables flushes nothing, because the ASID is retired [S: kernel.md 4.3]. */
const arm64Flush = listing("arch/arm64/include/asm/tlb.h", "tlb_flush", [
  tables,
  k.if_zero(Reg.FULL, "range"),
  k.if_zero(Reg.TABLES, "out"),
  ...at("range", tlbi.limits(), tlbi.hint(Reg.TMP), tlbi(Reg.TMP), dsb(), repeat_tlbi(Reg.TMP)),
  ...at("out"),
]);

/** flush_tlb_range on arm64 goes in base-page strides, so 2 MiB already reach MAX_DVM_OPS [S: kernel.md 4.3]. */
const arm64Range = listing("arch/arm64/include/asm/tlbflush.h", "flush_tlb_range", [
  ...direct,
  k.set(Reg.STRIDE, k.BASE),
  tlbi.limits(),
  tlbi(),
  dsb(),
  repeat_tlbi(),
]);

/** Flushes that reclaim defers: broadcast page by page and waited for at the end, or interrupts at the end [S]. */
const broadcastBatch = {
  tlbbatch_add_pending: [k.set(Reg.FULL, 0), k.set(Reg.TABLES, 0), tlbi()],
  tlbbatch_flush: [dsb()],
};
const maskBatch = { tlbbatch_add_pending: [batch.add], tlbbatch_flush: [batch.send, batch.wait] };

/** Up to 6.15 arm64 took a wait of its own for enough; a DSB waits for its own CPU's TLBI only [S: 6.12.117]. */
const broadcastMm: readonly Line[] = [...whole, tlbi.limits(), tlbi(), dsb()];
const arm64Batched: readonly Line[] = [
  since("6.16", "4b634918384c", ...broadcastMm),
  until("6.16", "4b634918384c", dsb()),
];

/** Architectures that do not merge VMAs flush at the end of each one, unless the mm is dying. */
const endVma = listing("include/asm-generic/tlb.h", "tlb_end_vma", [
  k.gather_range(),
  k.if_set(Reg.FULL, "fullmm"),
  tlb_flush_mmu_tlbonly,
  ...at("fullmm"),
]);

/** flush_tlb_page: leaves only. */
const leaves: readonly Line[] = [k.set(Reg.FULL, 0), k.set(Reg.TABLES, 0)];

/** KVM on arm64: one stage-2 address with a level hint in INDEX (level + 1; 0: any level) [T: 36e008323926]. */
const ipaFlush = listing("arch/arm64/kvm/hyp/vhe/tlb.c", "__kvm_tlb_flush_vmid_ipa", [
  k.set(Reg.FULL, 0),
  k.set(Reg.TABLES, 1),
  tlbi(Reg.INDEX),
  dsb(),
  repeat_tlbi(Reg.INDEX),
]);

const arm64Hooks = {
  tlb_flush: [arm64Flush],
  flush_tlb_range: [arm64Range],
  flush_tlb_mm: [...whole, tlbi.limits(), tlbi(), dsb(), repeat_tlbi()],
  flush_tlb_batched: arm64Batched,
  ...broadcastBatch,
  tlb_end_vma: [endVma],
  kvm_flush_ipa: [ipaFlush],
  flush_tlb_kernel_range: [arm64Range],
  flush_tlb_asid: [...leaves, flush_asid],
};

/** Until 6.15 a direct flush left lazy CPUs alone, whatever its caller had removed (CVE-2025-22045) [T]. */
const x86Direct: readonly Line[] = [
  k.set(Reg.FULL, 0),
  until("6.15", "3ef938c35035", k.set(Reg.TABLES, 0)),
  since("6.15", "3ef938c35035", k.set(Reg.TABLES, 1)),
];

/** The repair of open question 1: an unshared table is a reason to interrupt lazy CPUs, as a freed one is. */
const unsharedLazy: Line = only(
  "unshared-lazy",
  k.gather_unshared(Reg.TMP),
  k.if_zero(Reg.TMP, "lazy"),
  k.set(Reg.TABLES, 1),
  ...at("lazy"),
);

const x86Hooks = {
  tlb_flush: [unsharedLazy, flush_tlb_mm_range],
  flush_tlb_range: [...x86Direct, flush_tlb_mm_range],
  flush_tlb_mm: [...whole, flush_tlb_mm_range],
  flush_tlb_batched: [...whole, flush_tlb_mm_range],
  ...maskBatch,
  tlb_end_vma: [],
  kvm_flush_ipa: [...x86Direct, flush_tlb_mm_range],
  flush_tlb_kernel_range: [k.set(Reg.FULL, 0), kernel_flush],
  flush_tlb_asid: [...leaves, flush_tlb_mm_range],
};

/** The direct flush of riscv does not say whether tables went: only the number of strides decides. */
const riscvHooks = {
  tlb_flush: [riscv_flush],
  flush_tlb_range: [k.set(Reg.FULL, 0), k.set(Reg.TABLES, 0), riscv_flush],
  flush_tlb_mm: [...whole, riscv_flush],
  flush_tlb_batched: [...whole, riscv_flush],
  ...maskBatch,
  tlb_end_vma: [endVma],
  kvm_flush_ipa: [...whole, riscv_flush],
  flush_tlb_kernel_range: [k.set(Reg.FULL, 0), kernel_flush],
  flush_tlb_asid: [...leaves, riscv_flush],
};

export const backends: readonly Backend[] = [
  {
    name: "precise",
    machine: Machine.PRECISE,
    title: "flushes what was recorded and nothing more; leaves only, unless tables were recorded",
    hooks: {
      tlb_flush: [preciseFlush],
      flush_tlb_range: [...direct, preciseRange],
      flush_tlb_mm: [...whole, preciseRange],
      flush_tlb_batched: [...whole, preciseRange],
      ...broadcastBatch,
      tlb_end_vma: [],
      kvm_flush_ipa: [ipaFlush],
      flush_tlb_kernel_range: [...direct, preciseRange],
      flush_tlb_asid: [...leaves, flush_asid],
    },
  },
  {
    name: "x86",
    machine: Machine.X86,
    title: "interrupts and INVLPG; everything above tlb_single_page_flush_ceiling",
    hooks: x86Hooks,
  },
  {
    name: "arm64",
    machine: Machine.ARM64,
    title: "TLBI broadcast without range operations; the whole ASID from MAX_DVM_OPS on",
    hooks: arm64Hooks,
  },
  {
    name: "arm64-range",
    machine: Machine.ARM64_RANGE,
    title: "TLBI broadcast with FEAT_TLBIRANGE: exact ranges",
    hooks: arm64Hooks,
  },
  {
    name: "x86-pti",
    machine: Machine.X86_PTI,
    title: "x86 with page-table isolation: the user PCID is invalidated by INVPCID, one address and its path",
    hooks: x86Hooks,
  },
  {
    name: "x86-tce",
    machine: Machine.X86_TCE,
    title: "AMD with EFER.TCE: INVLPG drops only the paging-structure entries on the path",
    hooks: x86Hooks,
  },
  {
    name: "x86-invlpgb",
    machine: Machine.X86_INVLPGB,
    title: "AMD, mm with a global ASID: INVLPGB broadcast and TLBSYNC; lazy CPUs are reached",
    hooks: {
      tlb_flush: [broadcast_tlb_flush],
      flush_tlb_range: [...x86Direct, broadcast_tlb_flush],
      flush_tlb_mm: [...whole, broadcast_tlb_flush],
      flush_tlb_batched: [...whole, broadcast_tlb_flush],
      ...maskBatch,
      tlb_end_vma: [],
      kvm_flush_ipa: [...x86Direct, broadcast_tlb_flush],
      flush_tlb_kernel_range: [...direct, broadcast_tlb_flush],
      flush_tlb_asid: [...leaves, broadcast_tlb_flush],
    },
  },
  {
    name: "riscv",
    machine: Machine.RISCV,
    title: "SFENCE.VMA on every CPU of mm_cpumask: leaves only, the whole ASID above 64 strides or for freed tables",
    hooks: riscvHooks,
  },
];

export function findBackend(name: string): Backend | undefined {
  return backends.find((backend) => backend.name === name);
}
