/**
 * What a log with faults says: memory calls with their results, page faults, and the kernel's own TLB flushes.
 *
 * A call stands where it returned, so what it flushed stands before it; a fault stands where it began.
 *
 * Units: addresses and lengths in bytes.
 */

interface Common {
  readonly line: number;
  /** Task. */
  readonly pid: number;
  readonly cpu: number;
}

export interface Fault extends Common {
  readonly kind: "fault";
  readonly address: number;
  /** Faults at this page and the ones that follow it. */
  readonly pages: number;
  readonly write: boolean;
  /** The page was there and did not allow it. */
  readonly present: boolean;
  /** Taken in the kernel, on the task's behalf: also by an exec, for the memory that it is making. */
  readonly inKernel: boolean;
}

export interface TlbFlush extends Common {
  readonly kind: "flush";
  /** Number of the tracepoint: 0 task switch, 1 remote, 3 local, 4 interrupt sent. */
  readonly reason: number;
  /** -1: all. */
  readonly pages: number;
}

export type LogEvent =
  | Fault
  | TlbFlush
  | (Common & {
      readonly kind: "mmap";
      readonly address: number;
      readonly length: number;
      readonly prot: number;
      readonly flags: number;
      readonly offset: number;
    })
  | (Common & { readonly kind: "munmap"; readonly address: number; readonly length: number })
  | (Common & { readonly kind: "mprotect"; readonly address: number; readonly length: number; readonly prot: number })
  | (Common & { readonly kind: "madvise"; readonly address: number; readonly length: number; readonly advice: number })
  | (Common & {
      readonly kind: "mremap";
      readonly address: number;
      readonly length: number;
      readonly newLength: number;
      readonly to: number;
    })
  | (Common & { readonly kind: "brk"; readonly end: number })
  | (Common & { readonly kind: "clone"; readonly child: number; readonly shares: boolean })
  | (Common & { readonly kind: "exec" | "exit" | "gone" })
  /** A call that failed, or that has no effect here. */
  | (Common & { readonly kind: "other" });
