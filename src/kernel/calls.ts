/**
 * The calls that a task can make, by name, with their arguments. Addresses count base pages.
 */
import { Reg } from "../../assembly/abi/operands.js";
import { clear_refs } from "./fs/clear-refs.js";
import { exec_mmap, failBatches } from "./fs/exec.js";
import { punchHole, truncate } from "./fs/hugetlbfs.js";
import type { Call, RandomUse, Sub } from "./listing.js";
import { load, store } from "./mm/fault.js";
import { pin, scan } from "./mm/gup.js";
import { uffdRegister } from "./mm/hugetlb-unshare.js";
import { collapse, collapseHuge, retract } from "./mm/khugepaged.js";
import { revoke, shrinkHugeZero, truncateFile } from "./mm/memory.js";
import { migratePage, numaScan } from "./mm/migrate.js";
import { awaitClear, dontneed, exit, goIdle, mmap, munmap, switchMm } from "./mm/mmap.js";
import { mprotect } from "./mm/mprotect.js";
import { mremap } from "./mm/mremap.js";
import { awaitZapped, writeback } from "./mm/page-writeback.js";
import { migrate, poison } from "./mm/rmap.js";
import { rollover, unmapOf } from "./mm/rmap-asid.js";
import { vmap, vunmap } from "./mm/vmalloc.js";
import { reclaim } from "./mm/vmscan.js";
import { do_wp_page, uffd_wp } from "./mm/wp.js";
import * as kvm from "./virt/kvm.js";

const range = { start: Reg.START, end: Reg.END } as const;

const call = (name: string, args: Readonly<Record<string, Reg>>, listing: Sub, random?: RandomUse): Call => ({
  name,
  arguments: args,
  listing,
  ...(random === undefined ? {} : { random }),
});

/** In a fixed order: the bytes of an input name a call by its place here, so new ones go to the end. */
export const calls: readonly Call[] = [
  call("mmap", { ...range, file: Reg.FILE, offset: Reg.OFFSET, flags: Reg.FLAGS, prot: Reg.PROT }, mmap, {
    builds: true,
  }),
  call("munmap", range, munmap, { flushes: "heeded" }),
  call("exit", range, exit, { range: "space", effect: "exits" }),
  call("truncate", { file: Reg.FILE, ...range }, truncate, { range: "tail" }),
  call("punch", { file: Reg.FILE, ...range }, punchHole),
  call("mprotect", { ...range, prot: Reg.PROT }, mprotect, { flushes: "heeded" }),
  call("mremap", { ...range, to: Reg.NEW_START }, mremap),
  call("migrate", { file: Reg.FILE, ...range }, migrate, { range: "page" }),
  call("poison", { file: Reg.FILE, ...range }, poison, { range: "page" }),
  call("dontneed", range, dontneed, { flushes: "both" }),
  call("load", { start: Reg.START }, load, { builds: true }),
  call("store", { start: Reg.START, value: Reg.VALUE }, store, { builds: true }),
  call("switch", { mm: Reg.NEW_START }, switchMm, { effect: "switches" }),
  call("idle", {}, goIdle, { effect: "idles" }),
  call("collapse", { start: Reg.START }, collapse),
  call("exec", { mm: Reg.NEW_START }, exec_mmap, { effect: "switches" }),
  call("clear-refs", range, clear_refs),
  call("fail-batches", { value: Reg.VALUE }, failBatches),
  call("ftruncate", { file: Reg.FILE, ...range }, truncateFile, { range: "tail", file: "ordinary" }),
  call("await-clear", { start: Reg.START, mm: Reg.NEW_START }, awaitClear, { never: true }),
  call("revoke", { file: Reg.FILE, ...range }, revoke, { range: "tail", file: "device" }),
  call("reclaim", { file: Reg.FILE, ...range }, reclaim, { file: "cached", flushes: "deferred" }),
  call("writeback", { file: Reg.FILE, ...range }, writeback, { file: "ordinary" }),
  call("migrate-page", { file: Reg.FILE, ...range }, migratePage, { range: "page", file: "ordinary" }),
  call("numa-scan", range, numaScan),
  call("shrink-huge-zero", {}, shrinkHugeZero),
  call("await-zapped", { start: Reg.START, mm: Reg.NEW_START }, awaitZapped, { never: true }),
  call("uffd-register", range, uffdRegister),
  call("pin", { start: Reg.START }, pin),
  call("scan", { start: Reg.START, mm: Reg.NEW_START }, scan),
  call("retract", range, retract, { range: "huge" }),
  call("kvm-create", { mm: Reg.NEW_START }, kvm.createVm, { guest: true }),
  call("guest-page", { start: Reg.START }, kvm.guestPage, { builds: true, guest: true }),
  call("guest-huge", { start: Reg.START }, kvm.guestHuge, { builds: true, guest: true, start: "huge" }),
  call("kvm-zap-table", range, kvm.zapTable, { range: "giant", guest: true }),
  call("kvm-recover", range, kvm.recoverPages, { range: "giant", guest: true }),
  call("kvm-unmap-table", range, kvm.unmapTable, { range: "huge", guest: true }),
  call("kvm-sync-page", { start: Reg.START, value: Reg.VALUE }, kvm.syncPage, {
    value: "counter",
    guest: true,
  }),
  call("vmap", { start: Reg.START }, vmap, { builds: true, start: "kernel", alone: true }),
  call("vunmap", { start: Reg.START }, vunmap, { start: "kernel", alone: true }),
  call("unmap-of", { start: Reg.START, mm: Reg.NEW_START }, unmapOf),
  call("asid-rollover", {}, rollover),
  call("uffd-wp", range, uffd_wp),
  call("write-fault", { start: Reg.START }, do_wp_page),
  call("collapse-huge", { start: Reg.START }, collapseHuge),
];

export function findCall(name: string): Call | undefined {
  return calls.find((entry) => entry.name === name);
}
