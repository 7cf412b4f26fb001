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
  call("munmap", range, munmap),
  call("exit", range, exit, { range: "space", effect: "exits" }),
  call("truncate", { file: Reg.FILE, ...range }, truncate, { range: "tail" }),
  call("punch", { file: Reg.FILE, ...range }, punchHole),
  call("mprotect", { ...range, prot: Reg.PROT }, mprotect),
  call("mremap", { ...range, to: Reg.NEW_START }, mremap),
  call("migrate", { file: Reg.FILE, ...range }, migrate, { range: "page" }),
  call("poison", { file: Reg.FILE, ...range }, poison, { range: "page" }),
  call("dontneed", range, dontneed),
  call("load", { start: Reg.START }, load, { builds: true }),
  call("store", { start: Reg.START, value: Reg.VALUE }, store, { builds: true }),
  call("switch", { mm: Reg.NEW_START }, switchMm, { effect: "switches" }),
  call("idle", {}, goIdle, { effect: "idles" }),
  call("collapse", { start: Reg.START }, collapse, { never: true }),
  call("exec", { mm: Reg.NEW_START }, exec_mmap, { never: true }),
  call("clear-refs", range, clear_refs),
  call("fail-batches", { value: Reg.VALUE }, failBatches),
  call("ftruncate", { file: Reg.FILE, ...range }, truncateFile, { range: "tail", ordinary: true }),
  call("await-clear", { start: Reg.START, mm: Reg.NEW_START }, awaitClear, { never: true }),
  call("revoke", { file: Reg.FILE, ...range }, revoke, { never: true }),
  call("reclaim", { file: Reg.FILE, ...range }, reclaim, { never: true }),
  call("writeback", { file: Reg.FILE, ...range }, writeback, { never: true }),
  call("migrate-page", { file: Reg.FILE, ...range }, migratePage, { never: true }),
  call("numa-scan", range, numaScan, { never: true }),
  call("shrink-huge-zero", {}, shrinkHugeZero, { never: true }),
  call("await-zapped", { start: Reg.START, mm: Reg.NEW_START }, awaitZapped, { never: true }),
  call("uffd-register", range, uffdRegister),
  call("pin", { start: Reg.START }, pin),
  call("scan", { start: Reg.START, mm: Reg.NEW_START }, scan, { never: true }),
  call("retract", range, retract, { never: true }),
  call("kvm-create", { mm: Reg.NEW_START }, kvm.createVm, { never: true }),
  call("guest-page", { start: Reg.START }, kvm.guestPage, { never: true }),
  call("guest-huge", { start: Reg.START }, kvm.guestHuge, { never: true }),
  call("kvm-zap-table", range, kvm.zapTable, { never: true }),
  call("kvm-recover", range, kvm.recoverPages, { never: true }),
  call("kvm-unmap-table", range, kvm.unmapTable, { never: true }),
  call("kvm-sync-page", { start: Reg.START, value: Reg.VALUE }, kvm.syncPage, { never: true }),
  call("vmap", { start: Reg.START }, vmap, { never: true }),
  call("vunmap", { start: Reg.START }, vunmap, { never: true }),
  call("unmap-of", { start: Reg.START, mm: Reg.NEW_START }, unmapOf, { never: true }),
  call("asid-rollover", {}, rollover, { never: true }),
  call("uffd-wp", range, uffd_wp, { never: true }),
  call("write-fault", { start: Reg.START }, do_wp_page, { never: true }),
  call("collapse-huge", { start: Reg.START }, collapseHuge, { never: true }),
];

export function findCall(name: string): Call | undefined {
  return calls.find((entry) => entry.name === name);
}
