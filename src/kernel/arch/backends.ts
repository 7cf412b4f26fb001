/**
 * The back-ends: how a machine turns a gather or a range into invalidations. Listings like any other.
 *
 * Each edition runs on each machine as if the machine's flush code had always been today's; where an edition's own
 * code differed, the listing says so.
 */
import { Machine, Reg } from "../../../assembly/abi/operands.js";
import { type ArchHook, at, type Line, listing, since } from "../listing.js";
import { tlb_flush_mmu_tlbonly } from "../mm/gather.js";
import * as k from "../ops.js";
import { dsb, flush_tlb_mm_range, tlbi } from "./ops.js";

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

/** arm64: fullmm without freed tables flushes nothing, because the ASID is retired [S: kernel.md 4.3]. */
const arm64Flush = listing("arch/arm64/include/asm/tlb.h", "tlb_flush", [
  tables,
  k.if_zero(Reg.FULL, "range"),
  k.if_zero(Reg.TABLES, "out"),
  ...at("range", tlbi.limits(), tlbi.hint(Reg.TMP), tlbi(Reg.TMP), dsb()),
  ...at("out"),
]);

/** flush_tlb_range on arm64 goes in base-page strides, so 2 MiB already reach MAX_DVM_OPS [S: kernel.md 4.3]. */
const arm64Range = listing("arch/arm64/include/asm/tlbflush.h", "flush_tlb_range", [
  ...direct,
  k.set(Reg.STRIDE, k.BASE),
  tlbi.limits(),
  tlbi(),
  dsb(),
]);

/** Architectures that do not merge VMAs flush at the end of each one, unless the mm is dying. */
const endVma = listing("include/asm-generic/tlb.h", "tlb_end_vma", [
  k.gather_range(),
  k.if_set(Reg.FULL, "fullmm"),
  tlb_flush_mmu_tlbonly,
  ...at("fullmm"),
]);

const arm64Hooks = { tlb_flush: [arm64Flush], flush_tlb_range: [arm64Range], tlb_end_vma: [endVma] };

export const backends: readonly Backend[] = [
  {
    name: "precise",
    machine: Machine.PRECISE,
    title: "flushes what was recorded and nothing more; leaves only, unless tables were recorded",
    hooks: { tlb_flush: [preciseFlush], flush_tlb_range: [...direct, preciseRange], tlb_end_vma: [] },
  },
  {
    name: "x86",
    machine: Machine.X86,
    title: "interrupts and INVLPG; everything above tlb_single_page_flush_ceiling",
    hooks: {
      tlb_flush: [flush_tlb_mm_range],
      flush_tlb_range: [k.set(Reg.FULL, 0), k.set(Reg.TABLES, 0), flush_tlb_mm_range],
      tlb_end_vma: [],
    },
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
];

export function findBackend(name: string): Backend | undefined {
  return backends.find((backend) => backend.name === name);
}
