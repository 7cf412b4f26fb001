/**
 * The listing language: kernel paths as flat arrays, one visible effect a line, in kernel spelling.
 *
 * A listing is data. `compile.ts` resolves editions, back-ends and labels and gives micro-ops. Each line carries what
 * a counterexample prints: the kernel's words (`text`) and what it does in plain words (`says`).
 */

import type { LockRef, Reg } from "../../assembly/abi/operands.js";
import type { Op } from "../../assembly/abi/ops.js";

/** An operand: a number the core reads as it is, or a label of the same function. */
export type Operand = number | { readonly label: string };

export interface OpLine {
  readonly kind: "op";
  readonly op: Op;
  readonly operands: readonly Operand[];
  /** Kernel spelling. */
  readonly text: string;
  /** What it does, in plain words; empty for lines that no other CPU can notice. */
  readonly says: string;
}

export interface LabelLine {
  readonly kind: "label";
  readonly name: string;
}

/** A function of the kernel, spliced in: its own label scope, its own name in the report. */
export interface Sub {
  readonly kind: "sub";
  readonly name: string;
  readonly file: string;
  readonly lines: readonly Line[];
}

/** Lines that only some editions have; `patch` names a line that a what-if edition can drop or add. */
export interface EditionLines {
  readonly kind: "edition";
  readonly since?: string;
  readonly until?: string;
  readonly commit?: string;
  readonly only?: string;
  readonly unless?: string;
  readonly lines: readonly Line[];
}

/** What the architecture supplies: see ArchHook. */
export interface ArchLine {
  readonly kind: "arch";
  readonly name: ArchHook;
}

export type ArchHook =
  | "tlb_flush"
  | "flush_tlb_range"
  | "flush_tlb_mm"
  | "tlb_end_vma"
  | "kvm_flush_ipa"
  | "flush_tlb_kernel_range"
  | "flush_tlb_asid"
  | BatchHook;
/** Deferred flushes of reclaim. */
export type BatchHook = "tlbbatch_add_pending" | "tlbbatch_flush" | "flush_tlb_batched";
export type Line = OpLine | LabelLine | Sub | EditionLines | ArchLine | readonly Line[];

/** A path that a task can call: a listing and where its arguments go. */
export interface Call {
  readonly name: string;
  /** Register of each argument, by name. */
  readonly arguments: Readonly<Record<string, Reg>>;
  readonly listing: Sub;
  readonly random?: RandomUse;
}

/** What a random program must know about a call when the names of its arguments do not say it. */
export interface RandomUse {
  /**
   * What START and END are: the whole address space, a file from START to its end, one page of a file, one huge page,
   * the GiB of a guest's huge pages.
   */
  readonly range?: "space" | "tail" | "page" | "huge" | "giant";
  /** What a START without an END is: a guest's huge page, an address of the kernel's own. */
  readonly start?: "huge" | "kernel";
  /** What becomes of the CPU's mm: another one is loaded, the CPU is lazy, or the mm is gone. */
  readonly effect?: "switches" | "idles" | "exits";
  /** Its file is not of hugetlbfs: one of base pages, the same or one of large folios, a driver's. */
  readonly file?: "ordinary" | "cached" | "device";
  /** Its VALUE is what a counter stands at. */
  readonly value?: "counter";
  /** Only the mm of a guest makes it, which makes no other. */
  readonly guest?: true;
  /** Nobody does it twice at the same time: the first task alone makes it. */
  readonly alone?: true;
  /** It leaves flushes to be made later, which those who `heed` must think of before they return; or both. */
  readonly flushes?: "deferred" | "heeded" | "both";
  /** A set-up may make it: it maps or touches, and takes nothing away. */
  readonly builds?: true;
  /** No random program makes it: it is no path of the kernel's, or a part of one that presumes what came before. */
  readonly never?: true;
}

export const op = (code: Op, operands: readonly Operand[], text: string, says = ""): OpLine => ({
  kind: "op",
  op: code,
  operands,
  text,
  says,
});

export const listing = (file: string, name: string, lines: readonly Line[]): Sub => ({
  kind: "sub",
  name,
  file,
  lines,
});

export const at = (name: string, ...lines: readonly Line[]): readonly Line[] => [{ kind: "label", name }, ...lines];

export const to = (label: string): { readonly label: string } => ({ label });

/** Lines that exist from `edition` on. */
export const since = (edition: string, commit: string, ...lines: readonly Line[]): EditionLines => ({
  kind: "edition",
  since: edition,
  commit,
  lines,
});

/** Lines that existed before `edition`. */
export const until = (edition: string, commit: string, ...lines: readonly Line[]): EditionLines => ({
  kind: "edition",
  until: edition,
  commit,
  lines,
});

/** Lines of a what-if edition only. */
export const only = (patch: string, ...lines: readonly Line[]): EditionLines => ({
  kind: "edition",
  only: patch,
  lines,
});

/** Lines that a what-if edition drops. */
export const unless = (patch: string, ...lines: readonly Line[]): EditionLines => ({
  kind: "edition",
  unless: patch,
  lines,
});

export const arch = (name: ArchHook): ArchLine => ({ kind: "arch", name });

export interface Lock {
  readonly ref: LockRef;
  readonly rank: number;
  readonly name: string;
}
