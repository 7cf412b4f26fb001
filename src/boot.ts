/**
 * The configuration of a machine, and the boot words that it becomes.
 */
import { Area, Boot } from "../assembly/abi/layout.js";
import { Erratum } from "../assembly/abi/operands.js";
import type { Core, CoreModule } from "./core/core.js";
import type { Geometry } from "./geometry.js";
import type { Backend } from "./kernel/arch/backends.js";
import type { Edition } from "./kernel/editions.js";

/** Faulty hardware, by name: INVLPG that leaves global translations, a DSB that ends too early. */
const ERRATA = { "invlpg-global": Erratum.INVLPG_GLOBAL, "dsb-early": Erratum.DSB_EARLY } as const;
export type ErratumName = keyof typeof ERRATA;

/** Names of the set bits. */
export const errataNames = (bits: number): ErratumName[] =>
  (Object.keys(ERRATA) as ErratumName[]).filter((name) => (bits & ERRATA[name]) !== 0);

/** What a machine is made of. Counts that are left out have small defaults, fit for exploration. */
export interface MachineConfig {
  readonly geometry: string;
  readonly edition: Edition;
  readonly backend: Backend;
  readonly cpus: number;
  readonly mms: number;
  readonly tasks: number;
  readonly files?: number;
  /** Pages that one file can hold, in its own page size. */
  readonly filePages?: number;
  readonly vmas?: number;
  readonly tableFrames?: number;
  readonly baseFrames?: number;
  readonly hugeFrames?: number;
  readonly obligations?: number;
  readonly batch?: number;
  /** Which freed frame is handed out next; by an agent: a search hands it to a stranger at any later step. */
  readonly reuse?: "immediate" | "fifo" | "never" | "by-agent";
  readonly pcid?: boolean;
  /** What the hardware does wrong. */
  readonly errata?: readonly ErratumName[];
  /** INVPCID, which the x86-pti back-end uses for the user PCID (default true). */
  readonly invpcid?: boolean;
  /** Simulate TLBs entry by entry instead of knowing only what hardware may hold. */
  readonly concrete?: boolean;
  /** With `concrete`: the levels whose leaves and pointers have a TLB slot for each translation (a search's TLBs). */
  readonly unlimited?: { readonly leaves: readonly number[]; readonly pointers: readonly number[] };
  /** False: no flush obligations; only concrete TLBs say what is wrong. */
  readonly oracle?: boolean;
  readonly events?: number;
  readonly code?: number;
  readonly script?: number;
  readonly tlb?: TlbConfig;
  readonly module?: CoreModule;
  /** An opened core to use again: the machine that was on it is gone. */
  readonly core?: Core;
}

export interface TlbConfig {
  /** Sets and ways of L1 for base, huge and giant pages, and of the unified L2. */
  readonly l1: readonly [number, number];
  readonly l1Huge: readonly [number, number];
  readonly l1Giant: readonly [number, number];
  readonly l2: readonly [number, number];
  /** Entries of each paging-structure cache. */
  readonly walkCache: number;
}

const TINY_TLB: TlbConfig = { l1: [1, 4], l1Huge: [1, 8], l1Giant: [1, 1], l2: [1, 8], walkCache: 4 };
/** As in Intel's Ice Lake client cores, walk caches rounded: the checks do not depend on the sizes. */
const REAL_TLB: TlbConfig = { l1: [16, 4], l1Huge: [8, 4], l1Giant: [1, 8], l2: [128, 12], walkCache: 32 };

const REUSE = { immediate: 0, fifo: 1, never: 2, "by-agent": 3 } as const;

/** Writes the boot words; what is left out of the configuration is small, fit for exploration. */
export function writeBoot(core: Core, config: MachineConfig, geometry: Geometry): void {
  const tlb = config.tlb ?? (geometry.name === "tiny" ? TINY_TLB : REAL_TLB);
  const boot = core.words().subarray(Area.BOOT, Area.BOOT + Boot.WORDS);
  boot[Boot.LEVELS] = geometry.bits.length;
  geometry.bits.forEach((bits, level) => {
    boot[Boot.BITS_0 + level] = bits;
  });
  boot[Boot.CPUS] = config.cpus;
  boot[Boot.MMS] = config.mms;
  boot[Boot.TASKS] = config.tasks;
  boot[Boot.FILES] = config.files ?? 1;
  boot[Boot.FILE_PAGES] = config.filePages ?? 4;
  boot[Boot.VMAS] = config.vmas ?? 6;
  boot[Boot.TABLE_FRAMES] = config.tableFrames ?? 12;
  boot[Boot.BASE_FRAMES] = config.baseFrames ?? 2;
  boot[Boot.HUGE_FRAMES] = config.hugeFrames ?? 6;
  boot[Boot.OBLIGATIONS] = config.obligations ?? 24;
  boot[Boot.BATCH] = config.batch ?? 8;
  boot[Boot.CEILING] = geometry.ceiling;
  boot[Boot.DVM_OPS] = geometry.dvmOps;
  boot[Boot.FENCE_OPS] = geometry.fenceOps;
  boot[Boot.REUSE] = REUSE[config.reuse ?? "immediate"];
  boot[Boot.MACHINE] = config.backend.machine;
  boot[Boot.PCID] = (config.pcid ?? true) ? 1 : 0;
  boot[Boot.INVPCID] = (config.invpcid ?? true) ? 1 : 0;
  boot[Boot.ERRATA] = (config.errata ?? []).reduce((bits, name) => bits | ERRATA[name], 0);
  boot[Boot.CONCRETE] = config.concrete ? 1 : 0;
  const parts = [tlb.l1, tlb.l1Huge, tlb.l1Giant, tlb.l2];
  parts.forEach(([sets, ways], part) => {
    boot[Boot.L1_SETS + 2 * part] = sets;
    boot[Boot.L1_WAYS + 2 * part] = ways;
  });
  boot[Boot.WALK_CACHE] = tlb.walkCache;
  boot[Boot.CODE] = config.code ?? 4096;
  boot[Boot.SCRIPT] = config.script ?? 1024;
  boot[Boot.SCHEDULE] = 4096;
  boot[Boot.EVENTS] = config.events ?? 4096;
  const { leaves, pointers } = config.unlimited ?? { leaves: [], pointers: [] };
  const part = (bit: number) => (levels: readonly number[]) => levels.reduce((mask, l) => mask | (1 << (bit + l)), 0);
  boot[Boot.PARTS] = part(0)(leaves) | part(4)(pointers);
  boot[Boot.NO_ORACLE] = config.oracle === false ? 1 : 0;
}
