/**
 * The flags of memory calls that matter here, as Linux has them on x86-64.
 *
 * Reference: include/uapi/asm-generic/mman-common.h, mman.h.
 */
import { VmaFlag } from "../../assembly/abi/records.js";

/** `touched` is MAP_POPULATE or MAP_LOCKED: the log itself says that every page is touched. */
export const MAP = { shared: 1, anonymous: 0x20, hugetlb: 0x40000, touched: 0x8000 + 0x2000 } as const;
export const MREMAP_DONTUNMAP = 4;
export const MADV = { dontneed: [4, 24], remove: [9], populate: [22, 23] } as const;
export const FALLOC = { keepSize: 1, punchHole: 2 } as const;
export const READ_WRITE = VmaFlag.READ | VmaFlag.WRITE;

/** PROT_* as the machine knows it: what can be written or executed can be read. */
export const protOf = (prot: number): number => ((prot & 7) === 0 ? 0 : VmaFlag.READ | (prot & VmaFlag.WRITE));

/** Whether the flags of mmap ask for pages of 1 GiB (`30<<MAP_HUGE_SHIFT`). */
export const hasGibPages = (flags: number): boolean => Math.floor(flags / 2 ** 26) % 64 === 30;
