/**
 * What `run` gives: plain data, one part for each edition. Sizes of page tables are in KiB, as VmPTE is.
 */
import type { Severity, ViolationKind } from "../names.js";
import type { TouchPolicy } from "./touch.js";

/** A broken promise, where the log first led to it. */
export interface SeenViolation {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  /** Line of the log. */
  readonly line: number;
  /** Process that made the call. */
  readonly pid: number;
  /** The simulated call, its kernel function and line. */
  readonly call: string;
  readonly function: string;
  readonly text: string;
}

export interface CountedViolation extends SeenViolation {
  /** Steps of the log (a call with what follows from it) that broke this promise. */
  readonly calls: number;
}

/** Page tables below the top level, as VmPTE counts them. A peak is the most between two steps. */
export interface TableCounts {
  /** Each table once, as PageTables of /proc/meminfo does. */
  readonly now: number;
  readonly peak: number;
  readonly kibNow: number;
  readonly kibPeak: number;
  /** A shared table once for each process that shares it, as the sum of VmPTE does. */
  readonly chargedNow: number;
  readonly chargedPeak: number;
  readonly chargedKibNow: number;
  readonly chargedKibPeak: number;
  readonly freed: number;
}

/** PMD tables shared between processes (or places of one). */
export interface SharingCounts {
  /** Times that a process took a table that was there (huge_pmd_share) and that one let go (huge_pmd_unshare). */
  readonly attached: number;
  readonly detached: number;
  /** Most users of one table; 0 when none was shared. */
  readonly sharersPeak: number;
}

export interface FlushCounts {
  readonly asked: number;
  /** Those that dropped a whole address space. */
  readonly full: number;
  /** Broadcast invalidations (TLBI); x86 has none. */
  readonly broadcasts: number;
}

export interface ProcessTables {
  readonly pid: number;
  /** Line that brought the process into the log. */
  readonly line: number;
  /** Most VmPTE, in KiB. */
  readonly peakKib: number;
}

export interface EditionResult {
  readonly edition: string;
  /** Simulated calls by name: load and store are touches, switch and idle the scheduler. */
  readonly calls: Readonly<Record<string, number>>;
  readonly faults: number;
  readonly tables: TableCounts;
  readonly sharing: SharingCounts;
  readonly flushes: FlushCounts;
  /** Interrupts sent to other CPUs. */
  readonly ipis: number;
  /** Pages that went back to the allocator: base pages and huge pages, each counted as one. */
  readonly pagesFreed: number;
  /** In order of the log. */
  readonly violations: readonly CountedViolation[];
  readonly processes: readonly ProcessTables[];
  /** Steps of the machine, and the time that they took. */
  readonly steps: number;
  readonly seconds: number;
  /** Bounds that were reached: with any, the absence of a violation says nothing. */
  readonly bounded: readonly string[];
}

export interface RunResult {
  readonly schema: "shootdown/run@1";
  readonly log: string;
  readonly backend: string;
  readonly cpus: number;
  readonly touch: TouchPolicy;
  /** The touch policy in words. */
  readonly policy: string;
  readonly lines: number;
  /** Calls that were followed; those that failed; calls that say nothing or do nothing here, by name. */
  readonly events: number;
  readonly failed: number;
  readonly ignored: Readonly<Record<string, number>>;
  readonly processes: number;
  readonly editions: readonly EditionResult[];
}

export interface RunProgress {
  /** The log is read twice: to measure it, and to perform it. */
  readonly phase: "measure" | "perform";
  readonly lines: number;
  /** Lines in all; undefined while measuring. */
  readonly linesTotal: number | undefined;
  readonly steps: number;
  readonly seconds: number;
}
