/**
 * One decoder for each system call that we follow: from its arguments to an event.
 *
 * Protocol
 *   A decoder is called with the scanner before the first argument of a call that succeeded. It returns undefined for a
 *   command of the call that we do not follow (fcntl, shmctl).
 *
 * Reference: the manual pages, section 2; the spelling is that of strace 6.1.
 */
import type { ForkEvent, StraceEvent } from "./events.js";
import {
  CLONE,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  FALLOC,
  MADV,
  MAP,
  MFD,
  MREMAP,
  PROT,
  SHMAT,
  SHMGET,
} from "./flags.js";
import type { Scanner } from "./scanner.js";
import { BadLine } from "./text.js";

export interface Head {
  readonly pid: number;
  readonly line: number;
  readonly time: number | undefined;
}
/** A system call by name, and how often it yielded no event. */
export interface Call {
  readonly name: string;
  /** undefined if we do not follow the call. */
  readonly decoder: Decoder | undefined;
  readonly isFork: boolean;
  readonly isExit: boolean;
  ignored: number;
}
export type Decoder = (scan: Scanner, head: Head) => StraceEvent | undefined;

function mmap(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const address = scan.number();
  scan.comma();
  const length = scan.length();
  scan.comma();
  const prot = scan.flags(PROT);
  scan.comma();
  const flags = scan.flags(MAP);
  scan.comma();
  const fd = scan.descriptor();
  scan.comma();
  const offset = scan.length();
  scan.close();
  const result = scan.resultAddress(undefined, length);
  return { kind: "mmap", pid, line, time, address, length, prot, flags, fd, offset, result };
}

function munmap(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const address = scan.address("address");
  scan.comma();
  const length = scan.length();
  scan.close();
  isZero(scan);
  return { kind: "munmap", pid, line, time, address, length };
}

function mprotect(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const address = scan.address("address");
  scan.comma();
  const length = scan.length();
  scan.comma();
  const prot = scan.flags(PROT);
  // pkey_mprotect has a fourth argument, the key, which moves no translation.
  if (!scan.isAtEnd()) {
    scan.comma();
    scan.number();
  }
  scan.close();
  isZero(scan);
  return { kind: "mprotect", pid, line, time, address, length, prot };
}

function mremap(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const old = scan.address("old address");
  scan.comma();
  const oldLength = scan.length();
  scan.comma();
  const newLength = scan.length();
  scan.comma();
  const flags = scan.flags(MREMAP);
  let newAddress: number | undefined;
  if (!scan.isAtEnd()) {
    scan.comma();
    newAddress = scan.number();
  }
  scan.close();
  const result = scan.resultAddress(undefined, newLength);
  return { kind: "mremap", pid, line, time, old, oldLength, newLength, flags, newAddress, result };
}

function madvise(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const address = scan.address("address");
  scan.comma();
  const length = scan.length();
  scan.comma();
  const advice = scan.flags(MADV);
  scan.close();
  isZero(scan);
  return { kind: "madvise", pid, line, time, address, length, advice };
}

function brk(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const argument = scan.number();
  scan.close();
  const result = scan.resultAddress(1);
  return { kind: "brk", pid, line, time, argument, result };
}

function forkWith(call: ForkEvent["call"], given: number | undefined): Decoder {
  return (scan, { pid, line, time }) => {
    let flags = given ?? 0;
    if (given === undefined) {
      scan.skipPast("flags=");
      flags = scan.flags(CLONE);
    }
    const child = scan.result();
    if (child <= 0) throw new BadLine(`impossible child ${child}`);
    const sharesMemory = (flags & CLONE_VM) !== 0;
    const isThread = (flags & CLONE_THREAD) !== 0;
    return { kind: "fork", pid, line, time, call, child, flags, sharesMemory, isThread };
  };
}

function execve(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  isZero(scan);
  return { kind: "execve", pid, line, time };
}

function exitWith(kind: "exit" | "exit_group"): Decoder {
  return (scan, { pid, line, time }) => ({ kind, pid, line, time, status: scan.number() });
}

function ftruncate(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const fd = scan.descriptor();
  scan.comma();
  const length = scan.length();
  scan.close();
  isZero(scan);
  return { kind: "ftruncate", pid, line, time, fd, length };
}

function fallocate(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const fd = scan.descriptor();
  scan.comma();
  const mode = scan.flags(FALLOC);
  scan.comma();
  const offset = scan.length();
  scan.comma();
  const length = scan.length();
  scan.close();
  isZero(scan);
  return { kind: "fallocate", pid, line, time, fd, mode, offset, length };
}

function shmget(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const isPrivate = scan.startsWith("IPC_PRIVATE");
  if (isPrivate) scan.skipPast("IPC_PRIVATE");
  const key = isPrivate ? 0 : scan.number();
  scan.comma();
  const size = scan.length();
  scan.comma();
  const flags = scan.flags(SHMGET);
  scan.close();
  return { kind: "shmget", pid, line, time, key, size, flags, id: scan.result() };
}

function shmat(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const id = scan.number();
  scan.comma();
  const address = scan.number();
  scan.comma();
  const flags = scan.flags(SHMAT);
  scan.close();
  return { kind: "shmat", pid, line, time, id, address, flags, result: scan.resultAddress() };
}

function shmdt(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const address = scan.address("address");
  scan.close();
  isZero(scan);
  return { kind: "shmdt", pid, line, time, address };
}

function shmctl(scan: Scanner, { pid, line, time }: Head): StraceEvent | undefined {
  const id = scan.number();
  scan.comma();
  if (scan.startsWith("IPC_64|")) scan.skipPast("|");
  if (!scan.startsWith("IPC_RMID")) return undefined;
  return { kind: "shmctl", pid, line, time, id, command: "IPC_RMID" };
}

function memfdCreate(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const name = scan.string();
  scan.comma();
  const flags = scan.flags(MFD);
  scan.close();
  return { kind: "memfd_create", pid, line, time, name, flags, result: scan.result() };
}

function open(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  // The first string is the path: what stands before it is a number or AT_FDCWD.
  scan.skipPast('"');
  scan.at--;
  const path = scan.string();
  return { kind: "open", pid, line, time, path, result: scan.result() };
}

function close(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  const fd = scan.descriptor();
  scan.close();
  isZero(scan);
  return { kind: "close", pid, line, time, fd };
}

function dup(scan: Scanner, { pid, line, time }: Head): StraceEvent {
  return { kind: "dup", pid, line, time, fd: scan.descriptor(), result: scan.result() };
}

function fcntl(scan: Scanner, { pid, line, time }: Head): StraceEvent | undefined {
  const fd = scan.descriptor();
  scan.comma();
  if (!scan.startsWith("F_DUPFD")) return undefined;
  return { kind: "dup", pid, line, time, fd, result: scan.result() };
}

function isZero(scan: Scanner): void {
  const result = scan.result();
  if (result !== 0) throw new BadLine(`impossible result ${result}`);
}

const DECODERS: ReadonlyMap<string, Decoder> = new Map(
  Object.entries({
    mmap,
    mmap2: mmap,
    munmap,
    mprotect,
    pkey_mprotect: mprotect,
    mremap,
    madvise,
    brk,
    fork: forkWith("fork", 0),
    vfork: forkWith("vfork", CLONE_VM + CLONE_VFORK),
    clone: forkWith("clone", undefined),
    clone3: forkWith("clone3", undefined),
    execve,
    execveat: execve,
    exit: exitWith("exit"),
    exit_group: exitWith("exit_group"),
    ftruncate,
    ftruncate64: ftruncate,
    fallocate,
    shmget,
    shmat,
    shmdt,
    shmctl,
    memfd_create: memfdCreate,
    open,
    openat: open,
    openat2: open,
    creat: open,
    close,
    dup,
    dup2: dup,
    dup3: dup,
    fcntl,
  }),
);

export function callOf(name: string): Call {
  const isFork = /^(fork|vfork|clone3?)$/.test(name);
  return { name, decoder: DECODERS.get(name), isFork, isExit: /^exit(_group)?$/.test(name), ignored: 0 };
}

export function followedCalls(): Call[] {
  return [...DECODERS.keys()].map(callOf);
}
