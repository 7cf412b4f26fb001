/**
 * The calls that a task can make, by name, with their arguments. Addresses count base pages.
 */
import { Reg } from "../../assembly/abi/operands.js";
import { clear_refs } from "./fs/clear-refs.js";
import { exec_mmap, failBatches } from "./fs/exec.js";
import { punchHole, truncate } from "./fs/hugetlbfs.js";
import type { Call, Sub } from "./listing.js";
import { load, store } from "./mm/fault.js";
import { collapse, retract } from "./mm/khugepaged.js";
import { truncateFile } from "./mm/memory.js";
import { awaitClear, dontneed, exit, goIdle, mmap, munmap, switchMm } from "./mm/mmap.js";
import { mprotect } from "./mm/mprotect.js";
import { mremap } from "./mm/mremap.js";
import { migrate, poison } from "./mm/rmap.js";
import { rollover, unmapOf } from "./mm/rmap-asid.js";
import { vmap, vunmap } from "./mm/vmalloc.js";
import { do_wp_page, uffd_wp } from "./mm/wp.js";
import * as kvm from "./virt/kvm.js";

const range = { start: Reg.START, end: Reg.END } as const;

const call = (name: string, args: Readonly<Record<string, Reg>>, listing: Sub): Call => ({
  name,
  arguments: args,
  listing,
});

export const calls: readonly Call[] = [
  call("mmap", { ...range, file: Reg.FILE, offset: Reg.OFFSET, flags: Reg.FLAGS, prot: Reg.PROT }, mmap),
  call("munmap", range, munmap),
  call("exit", range, exit),
  call("truncate", { file: Reg.FILE, ...range }, truncate),
  call("punch", { file: Reg.FILE, ...range }, punchHole),
  call("ftruncate", { file: Reg.FILE, ...range }, truncateFile),
  call("mprotect", { ...range, prot: Reg.PROT }, mprotect),
  call("mremap", { ...range, to: Reg.NEW_START }, mremap),
  call("migrate", { file: Reg.FILE, ...range }, migrate),
  call("poison", { file: Reg.FILE, ...range }, poison),
  call("dontneed", range, dontneed),
  call("load", { start: Reg.START }, load),
  call("store", { start: Reg.START, value: Reg.VALUE }, store),
  call("switch", { mm: Reg.NEW_START }, switchMm),
  call("idle", {}, goIdle),
  call("collapse", { start: Reg.START }, collapse),
  call("exec", { mm: Reg.NEW_START }, exec_mmap),
  call("clear-refs", range, clear_refs),
  call("fail-batches", { value: Reg.VALUE }, failBatches),
  call("retract", range, retract),
  call("kvm-create", { mm: Reg.NEW_START }, kvm.createVm),
  call("guest-page", { start: Reg.START }, kvm.guestPage),
  call("guest-huge", { start: Reg.START }, kvm.guestHuge),
  call("kvm-zap-table", range, kvm.zapTable),
  call("kvm-recover", range, kvm.recoverPages),
  call("kvm-unmap-table", range, kvm.unmapTable),
  call("kvm-sync-page", { start: Reg.START, value: Reg.VALUE }, kvm.syncPage),
  call("vmap", { start: Reg.START }, vmap),
  call("vunmap", { start: Reg.START }, vunmap),
  call("unmap-of", { start: Reg.START, mm: Reg.NEW_START }, unmapOf),
  call("asid-rollover", {}, rollover),
  call("uffd-wp", range, uffd_wp),
  call("write-fault", { start: Reg.START }, do_wp_page),
  call("await-clear", { start: Reg.START, mm: Reg.NEW_START }, awaitClear),
];

export function findCall(name: string): Call | undefined {
  return calls.find((entry) => entry.name === name);
}
