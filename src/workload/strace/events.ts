/**
 * What an strace log says, as data: one event per call that moves memory, processes or the files that memory maps.
 *
 * Protocol
 *   Calls that succeeded have their own kind; every call of these that failed is `failed`. Calls that are none of these
 *   are counted by name and yield no event.
 *
 * Invariants
 *   E1  `line` is the line that completed the call; events come in the order of these lines, except that a `fork` comes
 *       before the first event of its child, even where the log has them the other way round.
 *   E2  Addresses that the kernel requires to be page aligned are so, and ranges end at or below 2^47.
 *
 * Units: bytes, as logged; flag words have the values of Linux on x86-64. `time` is the number that the line was
 * stamped
 * with, in seconds (since the epoch, since midnight or since the last line, as recorded).
 */

interface At {
  /** Task number as strace prints it (threads have their own); 0 for the first task of a log that does not print it. */
  readonly pid: number;
  readonly line: number;
  readonly time: number | undefined;
}

export interface MmapEvent extends At {
  readonly kind: "mmap";
  /** The hint, or the demand if MAP_FIXED; 0 for NULL. */
  readonly address: number;
  readonly length: number;
  readonly prot: number;
  readonly flags: number;
  /** -1 if none. */
  readonly fd: number;
  readonly offset: number;
  readonly result: number;
}
export interface MunmapEvent extends At {
  readonly kind: "munmap";
  readonly address: number;
  readonly length: number;
}
/** Also pkey_mprotect. */
export interface MprotectEvent extends At {
  readonly kind: "mprotect";
  readonly address: number;
  readonly length: number;
  readonly prot: number;
}
export interface MremapEvent extends At {
  readonly kind: "mremap";
  readonly old: number;
  readonly oldLength: number;
  readonly newLength: number;
  readonly flags: number;
  readonly newAddress: number | undefined;
  readonly result: number;
}
export interface MadviseEvent extends At {
  readonly kind: "madvise";
  readonly address: number;
  readonly length: number;
  readonly advice: number;
}
/** brk never fails: if `result` is not `argument`, the break did not move. `argument` 0 asks where it is. */
export interface BrkEvent extends At {
  readonly kind: "brk";
  readonly argument: number;
  readonly result: number;
}
export interface ForkEvent extends At {
  readonly kind: "fork";
  readonly call: "fork" | "vfork" | "clone" | "clone3";
  readonly child: number;
  /** CLONE_* bits; of 64 bits, so test the low 32 with `&` only. */
  readonly flags: number;
  /** CLONE_VM: parent and child share one address space (vfork and threads). */
  readonly sharesMemory: boolean;
  /** CLONE_THREAD. */
  readonly isThread: boolean;
}
export interface ExecveEvent extends At {
  readonly kind: "execve";
}
/** A call of exit (one thread) or exit_group (all of them); `exited` or `killed` follows when the task is gone. */
export interface ExitEvent extends At {
  readonly kind: "exit" | "exit_group";
  readonly status: number;
}
export interface ExitedEvent extends At {
  readonly kind: "exited";
  readonly status: number;
}
export interface KilledEvent extends At {
  readonly kind: "killed";
  readonly signal: string;
}
/** Thread `by` called execve and now lives on under this number; the task that had the number is gone. */
export interface SupersededEvent extends At {
  readonly kind: "superseded";
  readonly by: number;
}
export interface FtruncateEvent extends At {
  readonly kind: "ftruncate";
  readonly fd: number;
  readonly length: number;
}
export interface FallocateEvent extends At {
  readonly kind: "fallocate";
  readonly fd: number;
  readonly mode: number;
  readonly offset: number;
  readonly length: number;
}
export interface ShmgetEvent extends At {
  readonly kind: "shmget";
  /** 0 is IPC_PRIVATE. */
  readonly key: number;
  readonly size: number;
  readonly flags: number;
  readonly id: number;
}
export interface ShmatEvent extends At {
  readonly kind: "shmat";
  readonly id: number;
  readonly address: number;
  readonly flags: number;
  readonly result: number;
}
export interface ShmdtEvent extends At {
  readonly kind: "shmdt";
  readonly address: number;
}
/** Only IPC_RMID; other commands are ignored calls. */
export interface ShmctlEvent extends At {
  readonly kind: "shmctl";
  readonly id: number;
  readonly command: "IPC_RMID";
}
export interface MemfdCreateEvent extends At {
  readonly kind: "memfd_create";
  readonly name: string;
  readonly flags: number;
  readonly result: number;
}
/** open, openat, openat2 and creat. */
export interface OpenEvent extends At {
  readonly kind: "open";
  readonly path: string;
  readonly result: number;
}
export interface CloseEvent extends At {
  readonly kind: "close";
  readonly fd: number;
}
/** dup, dup2, dup3 and fcntl(F_DUPFD). */
export interface DupEvent extends At {
  readonly kind: "dup";
  readonly fd: number;
  readonly result: number;
}
/** A call of the above that failed, or that never returned because the task died in it (`error` is "?"). */
export interface FailedEvent extends At {
  readonly kind: "failed";
  readonly call: string;
  readonly error: string;
}

export type StraceEvent =
  | MmapEvent
  | MunmapEvent
  | MprotectEvent
  | MremapEvent
  | MadviseEvent
  | BrkEvent
  | ForkEvent
  | ExecveEvent
  | ExitEvent
  | ExitedEvent
  | KilledEvent
  | SupersededEvent
  | FtruncateEvent
  | FallocateEvent
  | ShmgetEvent
  | ShmatEvent
  | ShmdtEvent
  | ShmctlEvent
  | MemfdCreateEvent
  | OpenEvent
  | CloseEvent
  | DupEvent
  | FailedEvent;
