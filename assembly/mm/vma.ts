/**
 * VMAs and the file's interval tree, kept as one small array of records.
 *
 * A VMA is linked in two places: its mm (faults find it) and its file (truncate and rmap find it). munmap takes it out
 * of the first before it unmaps and out of the second after, as the kernel does. The tree is walked in record order.
 *
 * Reference: mm/mmap.c __do_munmap, unlink_file_vma; mm/hugetlb.c hugetlb_vmdelete_list [S: kernel.md 1.2, 2.1].
 */

import { Reg } from "../abi/operands";
import { FileRecord, Vma, VmaFlag } from "../abi/records";
import { Task } from "../abi/tasks";
import { Access, noteTree, noteVmas } from "../ghost/cells";
import { pagesOf, spaceEnd } from "../hw/tables";
import {
  clearWords,
  fileAt,
  get,
  getLong,
  note,
  peek,
  peekLong,
  put,
  putLong,
  reg,
  regWord,
  setReg,
  taskBase,
  vmaAt,
  vmas,
} from "../word";

function freeVma(): u32 {
  for (let i: u32 = 0; i < vmas; i++) {
    // A lock outlives its VMA while somebody holds it, who has still to see that the VMA is gone.
    if (get(vmaAt(i) + Vma.MM) == 0 && get(vmaAt(i) + Vma.LOCK) == 0) return vmaAt(i);
  }
  return 0;
}

/** Whether the record is a VMA of `mm`. What other mms have is not looked at: it could not become one of this mm. */
export function isOf(vma: u32, mm: u32): bool {
  return peek(vma + Vma.MM) == mm + 1;
}

/** Whether the file's tree holds it. */
export function isInTree(vma: u32, file: u32): bool {
  return peek(vma + Vma.FILE) == file + 1 && peek(vma + Vma.MM) != 0 && peek(vma + Vma.IN_TREE) != 0;
}

/** It comes into, or goes out of, what its mm and its file have. */
function noteChange(vma: u32): void {
  if (peek(vma + Vma.MM) == 0) return;
  noteVmas(peek(vma + Vma.MM) - 1, Access.WRITE);
  if (peek(vma + Vma.FILE) != 0) noteTree(peek(vma + Vma.FILE) - 1, Access.WRITE);
}

export function clearVma(vma: u32): void {
  noteChange(vma);
  const lock = get(vma + Vma.LOCK);
  clearWords(vma, Vma.WORDS);
  if (lock != 0) put(vma + Vma.LOCK, lock);
}

export function vmaNumber(vma: u32): u32 {
  return (vma - vmaAt(0)) / Vma.WORDS + 1;
}

/** Whether a VMA of `mm` that is not detached has a page of [start, end). */
export function isOccupied(mm: u32, start: u64, end: u64): bool {
  noteVmas(mm, Access.READ);
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isOf(vma, mm) || get(vma + Vma.DETACHED) != 0) continue;
    if (getLong(vma + Vma.START) < end && start < getLong(vma + Vma.END)) return true;
  }
  return false;
}

/** Makes a VMA and links it in its mm and its file. Gives its number (index + 1), or 0 when there is no room. */
export function linkVma(mm: u32, start: u64, end: u64, flags: u32, file: u32, offset: u64): u32 {
  const vma = freeVma();
  if (vma == 0) return 0;
  clearVma(vma);
  put(vma + Vma.MM, mm + 1);
  putLong(vma + Vma.START, start);
  putLong(vma + Vma.END, end);
  put(vma + Vma.FLAGS, flags);
  put(vma + Vma.FILE, file);
  putLong(vma + Vma.OFFSET, offset);
  put(vma + Vma.IN_TREE, file != 0 ? 1 : 0);
  noteChange(vma);
  return vmaNumber(vma);
}

function holds(vma: u32, mm: u32, vpn: u64): bool {
  if (!isOf(vma, mm) || peek(vma + Vma.DETACHED) != 0) return false;
  return peekLong(vma + Vma.START) <= vpn && vpn < peekLong(vma + Vma.END);
}

/** One VMA at most holds an address: who has found it has looked at no other; who has not, at all of the mm. */
function noteFound(found: u32, mm: u32): u32 {
  if (isDefined(RECORDED)) {
    for (let i: u32 = 0; i < vmas; i++) {
      const vma = vmaAt(i);
      if (found != 0 ? vma != found : !isOf(vma, mm)) continue;
      for (let word: u32 = Vma.MM; word < <u32>Vma.FLAGS; word++) note(vma + word, Access.READ);
      note(vma + Vma.DETACHED, Access.READ);
    }
  }
  return found;
}

/** Index of the VMA that was found last. A guess, not state: a program has thousands, and touches one for a while. */
let lastFound: u32 = 0;

/** The VMA of `mm` that holds `vpn` and is not detached, or 0. There is at most one. */
export function findVma(mm: u32, vpn: u64): u32 {
  noteVmas(mm, Access.READ);
  if (lastFound < vmas && holds(vmaAt(lastFound), mm, vpn)) return noteFound(vmaAt(lastFound), mm);
  for (let i: u32 = 0; i < vmas; i++) {
    if (!holds(vmaAt(i), mm, vpn)) continue;
    lastFound = i;
    return noteFound(vmaAt(i), mm);
  }
  return noteFound(0, mm);
}

/** Cuts the VMA of `mm` that holds `vpn` inside, so that one begins there. */
export function splitAt(mm: u32, vpn: u64): void {
  const vma = findVma(mm, vpn);
  if (vma == 0 || getLong(vma + Vma.START) == vpn) return;
  const offset = getLong(vma + Vma.OFFSET) + (vpn - getLong(vma + Vma.START));
  const upper = linkVma(mm, vpn, getLong(vma + Vma.END), get(vma + Vma.FLAGS), get(vma + Vma.FILE), offset);
  if (upper != 0) putLong(vma + Vma.END, vpn);
}

function taskNumber(task: u32): u32 {
  return (task - taskBase) / Task.WORDS + 1;
}

/** Splits at both ends and detaches from MM what lies between; `all` takes every VMA. */
export function detachVmas(task: u32, all: bool): void {
  const mm = regWord(task, Reg.MM);
  const start = reg(task, Reg.START);
  const end = reg(task, Reg.END);
  if (!all) {
    splitAt(mm, start);
    splitAt(mm, end);
  }
  noteVmas(mm, Access.READ);
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isOf(vma, mm) || get(vma + Vma.DETACHED) != 0) continue;
    if (all || (getLong(vma + Vma.START) < end && start < getLong(vma + Vma.END))) {
      put(vma + Vma.DETACHED, taskNumber(task));
    }
  }
}

/** Nobody else detaches in this task's name, or forgets what it has detached. */
function isDetachedBy(vma: u32, task: u32): bool {
  return peek(vma + Vma.MM) != 0 && peek(vma + Vma.DETACHED) == taskNumber(task);
}

/** VMA := the detached VMA that follows VMA in address order; 0 at the end. */
export function nextDetached(task: u32): void {
  const last = regWord(task, Reg.VMA);
  const floor: u64 = last == 0 ? 0 : getLong(vmaAt(last - 1) + Vma.END);
  let best: u32 = 0;
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isDetachedBy(vma, task)) continue;
    if (getLong(vma + Vma.START) < floor) continue;
    if (best == 0 || getLong(vma + Vma.START) < getLong(best + Vma.START)) best = vma;
  }
  setReg(task, Reg.VMA, best == 0 ? 0 : vmaNumber(best));
}

export function vmaBounds(task: u32, hugetlb: u32): void {
  const vma = vmaAt(regWord(task, Reg.VMA) - 1);
  setReg(task, Reg.ADDRESS, getLong(vma + Vma.START));
  setReg(task, Reg.LAST, getLong(vma + Vma.END));
  const file = get(vma + Vma.FILE);
  setReg(task, Reg.FILE, file == 0 ? 0xffffffff : file - 1);
  setReg(task, hugetlb, (get(vma + Vma.FLAGS) & VmaFlag.HUGETLB) != 0 ? 1 : 0);
}

/** FILE := the file of VMA; false for an anonymous one. */
export function vmaFile(task: u32): bool {
  const file = get(vmaAt(regWord(task, Reg.VMA) - 1) + Vma.FILE);
  setReg(task, Reg.FILE, file == 0 ? 0xffffffff : file - 1);
  return file != 0;
}

export function freeDetached(task: u32): void {
  for (let i: u32 = 0; i < vmas; i++) {
    if (isDetachedBy(vmaAt(i), task)) clearVma(vmaAt(i));
  }
}

/** VMA := next VMA of FILE's tree that overlaps file pages [INDEX, END); sets MM, ADDRESS and LAST to the overlap. */
export function nextInTree(task: u32): void {
  const file = regWord(task, Reg.FILE);
  const unit = pagesOf(get(fileAt(file) + FileRecord.LEVEL));
  const from = reg(task, Reg.INDEX) * unit;
  const to = reg(task, Reg.END) * unit;
  noteTree(file, Access.READ);
  for (let i: u32 = regWord(task, Reg.VMA); i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isInTree(vma, file)) continue;
    const start = getLong(vma + Vma.START);
    const offset = getLong(vma + Vma.OFFSET);
    const length = getLong(vma + Vma.END) - start;
    if (offset >= to || offset + length <= from) continue;
    setReg(task, Reg.VMA, i + 1);
    setReg(task, Reg.MM, get(vma + Vma.MM) - 1);
    setReg(task, Reg.ADDRESS, from > offset ? start + (from - offset) : start);
    setReg(task, Reg.LAST, to < offset + length ? start + (to - offset) : start + length);
    return;
  }
  setReg(task, Reg.VMA, 0);
}

/** Whether VMA is in FILE's tree and overlaps its pages [INDEX, END); then also MM, ADDRESS and LAST as nextInTree. */
export function stillInTree(task: u32): bool {
  const number = regWord(task, Reg.VMA);
  setReg(task, Reg.VMA, number - 1);
  nextInTree(task);
  const found = regWord(task, Reg.VMA) == number;
  setReg(task, Reg.VMA, number);
  return found;
}

/** FILE and INDEX of ADDRESS in VMA. */
export function vmaIndex(task: u32): void {
  const vma = vmaAt(regWord(task, Reg.VMA) - 1);
  const file = get(vma + Vma.FILE) - 1;
  const offset = getLong(vma + Vma.OFFSET) + reg(task, Reg.ADDRESS) - getLong(vma + Vma.START);
  setReg(task, Reg.FILE, file);
  setReg(task, Reg.INDEX, offset / pagesOf(get(fileAt(file) + FileRecord.LEVEL)));
}

/** Splits the VMAs of MM at START and END and gives those between the protection PROT. */
export function protectVmas(task: u32): void {
  const mm = regWord(task, Reg.MM);
  splitAt(mm, reg(task, Reg.START));
  splitAt(mm, reg(task, Reg.END));
  const rights: u32 = VmaFlag.READ | VmaFlag.WRITE;
  noteVmas(mm, Access.READ);
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isOf(vma, mm) || get(vma + Vma.DETACHED) != 0) continue;
    if (getLong(vma + Vma.START) < reg(task, Reg.START) || getLong(vma + Vma.END) > reg(task, Reg.END)) continue;
    put(vma + Vma.FLAGS, (get(vma + Vma.FLAGS) & ~rights) | (regWord(task, Reg.PROT) & rights));
  }
}

/**
 * A VMA must not lend or borrow tables any more: one that is going away (d833352a4338), or, with `keeps`, one that is
 * armed or has lost its vma_lock. VM_MAYSHARE stays then, so that ranges are still widened for it.
 */
export function makeUnshareable(task: u32, keeps: bool): void {
  const vma = vmaAt(regWord(task, Reg.VMA) - 1);
  const flags = get(vma + Vma.FLAGS);
  put(vma + Vma.FLAGS, keeps ? flags | VmaFlag.ALONE : flags & ~(<u32>VmaFlag.MAYSHARE));
}

export function unlinkFile(task: u32): void {
  const vma = vmaAt(regWord(task, Reg.VMA) - 1);
  noteChange(vma);
  put(vma + Vma.IN_TREE, 0);
}

/**
 * Whether [START, END) lies in VMA and can go to NEW_START: inside the address space, free of VMAs, and not cutting a
 * huge page. The kernel would unmap what stands there (MREMAP_FIXED); here the call is refused.
 */
export function mayMove(task: u32): bool {
  const vma = vmaAt(regWord(task, Reg.VMA) - 1);
  const start = reg(task, Reg.START);
  const end = reg(task, Reg.END);
  const to = reg(task, Reg.NEW_START);
  if (getLong(vma + Vma.START) > start || getLong(vma + Vma.END) < end || start >= end) return false;
  const huge = (get(vma + Vma.FLAGS) & VmaFlag.HUGETLB) != 0;
  if (huge && ((start | end | to) & (pagesOf(1) - 1)) != 0) return false;
  return to + (end - start) <= spaceEnd() && !isOccupied(get(vma + Vma.MM) - 1, to, to + (end - start));
}

/** Links a copy of the part [START, END) of VMA at NEW_START. */
export function copyVma(task: u32): void {
  const vma = vmaAt(regWord(task, Reg.VMA) - 1);
  const start = reg(task, Reg.START);
  const to = reg(task, Reg.NEW_START);
  const offset = getLong(vma + Vma.OFFSET) + start - getLong(vma + Vma.START);
  const flags = get(vma + Vma.FLAGS);
  linkVma(get(vma + Vma.MM) - 1, to, to + reg(task, Reg.END) - start, flags, get(vma + Vma.FILE), offset);
}
