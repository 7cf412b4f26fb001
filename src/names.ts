/**
 * Names of the core's numbers: violation kinds, what must sometimes happen, what hid a broken promise.
 */
import { Fault, Hidden, Sometimes } from "../assembly/abi/events.js";

export type ViolationKind =
  | "FLUSH_AFTER_UNLOCK"
  | "RANGE_NOT_RECORDED"
  | "RIGHTS_OUTLIVE_CALL"
  | "STALE_TRANSLATION"
  | "STALE_WALK"
  | "UNBALANCED"
  | "LOCK_NOT_HELD"
  | "LOCK_ORDER"
  | "DEADLOCK"
  | "STALE_ACCESS"
  | "WRITE_LOST"
  | "OOPS"
  | "WALKER_INSIDE"
  | "MOVED_WRONG"
  | "LOST_WAKE_UP"
  | "LIVELOCK";

/** `protocol`: the promise is broken although this machine may hide it; `harm`: the rest. */
export type Severity = "protocol" | "harm";

const kinds: readonly [Fault, ViolationKind][] = [
  [Fault.FLUSH_AFTER_UNLOCK, "FLUSH_AFTER_UNLOCK"],
  [Fault.RANGE_NOT_RECORDED, "RANGE_NOT_RECORDED"],
  [Fault.RIGHTS_OUTLIVE_CALL, "RIGHTS_OUTLIVE_CALL"],
  [Fault.STALE_TRANSLATION, "STALE_TRANSLATION"],
  [Fault.STALE_WALK, "STALE_WALK"],
  [Fault.UNBALANCED, "UNBALANCED"],
  [Fault.LOCK_NOT_HELD, "LOCK_NOT_HELD"],
  [Fault.LOCK_ORDER, "LOCK_ORDER"],
  [Fault.DEADLOCK, "DEADLOCK"],
  [Fault.STALE_ACCESS, "STALE_ACCESS"],
  [Fault.WRITE_LOST, "WRITE_LOST"],
  [Fault.OOPS, "OOPS"],
  [Fault.WALKER_INSIDE, "WALKER_INSIDE"],
  [Fault.MOVED_WRONG, "MOVED_WRONG"],
  [Fault.LOST_WAKE_UP, "LOST_WAKE_UP"],
  [Fault.LIVELOCK, "LIVELOCK"],
];

/** Every kind, in order of report. */
export const violationKinds = kinds.map(([, name]) => name);

const kindNames = new Map(kinds);
const kindNumbers = new Map(kinds.map(([number, name]) => [name, number]));

export function kindName(kind: number): ViolationKind {
  const name = kindNames.get(kind as Fault);
  if (name === undefined) throw new Error(`the core reports a violation of the unknown kind ${kind}`);
  return name;
}

export const kindNumber = (name: ViolationKind): number => kindNumbers.get(name) as number;

export function severityOf(kind: ViolationKind): Severity {
  return kind === "FLUSH_AFTER_UNLOCK" || kind === "RANGE_NOT_RECORDED" ? "protocol" : "harm";
}

const sometimes: readonly [Sometimes, string][] = [
  [Sometimes.SHARED, "SHARED"],
  [Sometimes.UNSHARED, "UNSHARED"],
  [Sometimes.REMOTE_HOLDER, "REMOTE_HOLDER"],
  [Sometimes.PAGE_FREED, "PAGE_FREED"],
  [Sometimes.TABLE_FREED, "TABLE_FREED"],
  [Sometimes.REMOTE_FLUSH, "REMOTE_FLUSH"],
  [Sometimes.MOVED, "MOVED"],
  [Sometimes.PROTECTED, "PROTECTED"],
  [Sometimes.MIGRATED, "MIGRATED"],
  [Sometimes.WIDENED, "WIDENED"],
  [Sometimes.LAZY_SKIPPED, "LAZY_SKIPPED"],
  [Sometimes.FAULTED, "FAULTED"],
  [Sometimes.DEFERRED, "DEFERRED"],
  [Sometimes.WRITTEN_BACK, "WRITTEN_BACK"],
  [Sometimes.PINNED, "PINNED"],
];

/** Names of the set bits. */
export function sometimesNames(bits: number): string[] {
  return sometimes.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
}

const hiddenTexts: readonly [Hidden, string][] = [
  [Hidden.CEILING, "the flush was larger than tlb_single_page_flush_ceiling, so everything was flushed"],
  [Hidden.DVM_LIMIT, "the flush reached MAX_DVM_OPS, so the whole ASID was flushed"],
  [Hidden.WHOLE_MM, "the whole mm was flushed for another reason (exit, a second gather, a generation gap)"],
  [Hidden.INVLPG_WALK, "INVLPG drops every paging-structure entry of its PCID, whatever the address"],
  [Hidden.OTHER_RECORD, "the flush of another range happened to cover it"],
  [Hidden.FENCE_LIMIT, "the flush had more strides than tlb_flush_all_threshold, so the whole ASID was flushed"],
];

/** Sentences for what hid a broken promise. */
export function hiddenReasons(bits: number): string[] {
  return hiddenTexts.filter(([bit]) => (bits & bit) !== 0).map(([, text]) => text);
}

/** What exactly is out of balance: the core's reason codes. */
const unbalanced: Readonly<Record<number, string>> = {
  1: "a gather was opened while another was open",
  2: "a gather was closed that was not open",
  3: "a reference was dropped that nobody held",
  4: "a page was freed while something still maps it",
  5: "a table was freed with live entries: the pages that it maps are never let go",
  6: "a map count fell below zero",
  7: "a table entry was cleared that was not there",
  8: "a lock is still held when the call returns",
  9: "a gather is still open when the call returns",
  10: "the listing loops without a visible step",
  11: "a sharer left a table that counts none",
  13: "a flush that reclaim deferred is still due when the call returns",
  12: "a page was taken out of a page cache at an index that no file has",
  20: "a page's map count is not the number of entries that map it, when all is done",
  21: "a reference to a page is left over, or missing, when all is done",
  22: "a table is counted by more or fewer sharers than point to it, when all is done",
  23: "a table that nobody points to was never freed",
  24: "a lock is still held when all is done",
  25: "a gather is still open when all is done",
  30: "tlb_finish_mmu() still has fully_unshared_tables: a walker was not waited for",
  31: "free_pgtables() met live entries in a table that is about to go (a bad pmd)",
  26: "a VMA was detached and never let go",
  27: "an entry is left that no VMA accounts for",
  28: "a table is left that no VMA needs",
};

/** Locks by LockRef. */
const lockNames = [
  "",
  "mmap_lock",
  "i_mmap_rwsem",
  "fault mutex",
  "hugetlb vma_lock",
  "ptl",
  "page_table_lock",
  "new ptl",
  "per-VMA lock",
  "page lock",
];

const oopses = ["an entry", "a page", "a lock"];

/** More about a violation than its kind: `code` is the core's reason, `viaWalk` that a stale pointer was needed. */
export function detailOf(kind: ViolationKind, code: number, viaWalk: boolean): string | undefined {
  if (kind === "RANGE_NOT_RECORDED") return code === 1 ? "level" : "span";
  if (kind === "UNBALANCED") return unbalanced[code];
  if (kind === "LOCK_NOT_HELD") return code === 0 ? "dropped without being held" : `needs ${lockNames[code]}`;
  if (kind === "WALKER_INSIDE") return code === 1 ? "its table is freed" : "it takes a page that is not its mm's";
  if (kind === "OOPS") return `${oopses[code]} that is not there`;
  if (kind === "STALE_WALK" && viaWalk) return "a page reached through a stale table pointer";
  return undefined;
}
