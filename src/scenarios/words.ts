/**
 * The words that scenarios are written in: calls of tasks, and the starts that several races share.
 *
 * Addresses are given as (GiB, huge page in it) of the tiny geometry; ranges of files in huge pages.
 */

import type { AlsoFinds, CallStep } from "./scenario.js";

/** Flags of a VMA that maps a hugetlbfs file MAP_SHARED, and the rights to read and write. */
export const HUGETLB_SHARED = 4 | 8 | 16;
export const READ_WRITE = 3;
export const READ_ONLY = 1;

/** Arithmetic of the tiny geometry: 2 base pages in a huge page, 2 huge pages in a GiB. */
export const TINY_HUGE = 2;
export const TINY_GIB = 4;
export const TINY_SPACE = 16;

/** Address of huge page `huge` in GiB `gib`. */
export const at = (gib: number, huge = 0): number => gib * TINY_GIB + huge * TINY_HUGE;

export const mapFile = (gib: number, gibs: number, file = 0): CallStep => ({
  call: "mmap",
  args: { start: at(gib), end: at(gib + gibs), file: file + 1, offset: 0, flags: HUGETLB_SHARED, prot: READ_WRITE },
});

export const touch = (gib: number, huge: number, value = 1): CallStep => ({
  call: "store",
  args: { start: at(gib, huge), value },
});

/** A GiB of anonymous memory of the calling mm, with its first `pages` base pages written. */
export const anon = (gib: number, pages: number): CallStep[] => [
  { call: "mmap", args: { start: at(gib), end: at(gib + 1), prot: READ_WRITE } },
  ...Array.from({ length: pages }, (_, i) => ({ call: "store", args: { start: at(gib) + i, value: 1 } })),
];

/** The calling mm is a guest's stage 2 that mirrors the memory of mm `mm`; and faults of the guest. */
export const kvmOf = (mm: number): CallStep => ({ call: "kvm-create", args: { mm } });
export const guestPage = (start: number): CallStep => ({ call: "guest-page", args: { start } });
export const guestHuge = (start: number): CallStep => ({ call: "guest-huge", args: { start } });

export const munmap = (gib: number, gibs: number): CallStep => ({
  call: "munmap",
  args: { start: at(gib), end: at(gib + gibs) },
});
export const truncate = (from: number, to: number, file = 0): CallStep => ({
  call: "truncate",
  args: { file, start: from, end: to },
});
export const punch = (from: number, to: number): CallStep => ({
  call: "punch",
  args: { file: 0, start: from, end: to },
});
export const exit = (): CallStep => ({ call: "exit", args: { start: 0, end: TINY_SPACE } });

/** Holds a task back until `mm` (by index) no longer reaches the table of a GiB: only the race in question is left. */
export const awaitClear = (mm: number, gib: number): CallStep => ({
  call: "await-clear",
  args: { start: at(gib), mm },
});

/** What 5.16 to 7.0 leave behind wherever a gather flushes an unshared table: only leaves are recorded (B9). */
export const LEVEL: AlsoFinds = {
  bug: "B9",
  kinds: ["RANGE_NOT_RECORDED", "FLUSH_AFTER_UNLOCK", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
};

/** A and B share the table of one GiB; CPU1 runs another thread of A. What most races start from. */
export const sharedGib = {
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "A", "B"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] },
    { cpu: 2, mm: "B", calls: [mapFile(1, 1), touch(1, 0)] },
  ],
} as const;

/** A guest, S, mirrors two base pages of A and has used the first. */
export const mirroredPages = {
  geometry: "tiny",
  mms: ["A", "S"],
  cpus: ["A", "S"],
  files: [1],
  setup: [
    { cpu: 0, mm: "A", calls: anon(1, 2) },
    { cpu: 1, mm: "S", calls: [kvmOf(0), guestPage(at(1))] },
  ],
} as const;

/** Flags of a VMA that maps ordinary pages of a file MAP_SHARED. */
export const FILE_SHARED = 4;

/** Address of base page `page` in GiB `gib`. */
export const base = (gib: number, page = 0): number => gib * TINY_GIB + page;

/** Maps pages [offset, offset + pages) of an ordinary file at `start`. Files are numbered after the hugetlbfs ones. */
export const mapPages = (
  start: number,
  pages: number,
  offset = 0,
  file = 0,
  flags: number = FILE_SHARED,
): CallStep => ({
  call: "mmap",
  args: { start, end: start + pages, file: file + 1, offset, flags, prot: READ_WRITE },
});

export const loadPage = (start: number): CallStep => ({ call: "load", args: { start } });
export const storePage = (start: number, value = 1): CallStep => ({ call: "store", args: { start, value } });
export const unmapPages = (start: number, pages: number): CallStep => ({
  call: "munmap",
  args: { start, end: start + pages },
});
export const truncatePages = (from: number, to: number, file = 0): CallStep => ({
  call: "ftruncate",
  args: { file, start: from, end: to },
});

/** Flags of VMAs: a driver's memory, and anonymous memory that wants huge pages. */
export const VM_PFNMAP = 32;
export const VM_HUGEPAGE = 64;

/** A call over base pages of an address space, and one over pages of an ordinary file. */
export const rangeOf = (call: string, start: number, pages: number): CallStep => ({
  call,
  args: { start, end: start + pages, ...(call === "mprotect" ? { prot: READ_ONLY } : {}) },
});
export const pagesOf = (call: string, from: number, to: number, file = 0): CallStep => ({
  call,
  args: { file, start: from, end: to },
});
export const alone = (call: string): CallStep => ({ call, args: {} });

/** Holds a task back until `mm` (by index) no longer maps a base page and the lock of its table is free. */
export const awaitZapped = (mm: number, start: number): CallStep => ({ call: "await-zapped", args: { start, mm } });

/** CPU1 runs another thread of A, CPU2 some other mm: what most races over ordinary pages start from. */
export const ordinaryPages = {
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "A", "B"],
  files: [],
} as const;

/** A file of `pages` pages, mapped by A at GiB 1 and all dirty. */
export const dirtyPages = (pages: number) =>
  ({
    ...ordinaryPages,
    pageFiles: [{ pages }],
    setup: [
      {
        cpu: 0,
        mm: "A",
        calls: [mapPages(base(1), pages), ...Array.from({ length: pages }, (_, i) => storePage(base(1, i)))],
      },
    ],
  }) as const;
