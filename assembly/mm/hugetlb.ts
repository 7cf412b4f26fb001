/**
 * PMD sharing of hugetlbfs: who may share, finding a table to share, taking part and leaving.
 *
 * Two ways of counting exist: the references of the table's page (up to 6.12), and a counter of its own, pt_share_count
 * (59d9094df3d7), in SHARE. With the first, any speculative reference to the page makes its table look shared.
 *
 * Reference: mm/hugetlb.c want_pmd_share, page_table_shareable, huge_pmd_share, huge_pmd_unshare,
 * adjust_range_if_pmd_sharing_possible [S: kernel.md 2.1 to 2.5, a4a1].
 */

import { Fault, Sometimes } from "../abi/events";
import { LockRef, Reg } from "../abi/operands";
import { Entry, Frame, Mm, Rest, Tally, Vma, VmaFlag } from "../abi/records";
import { Access, noteTree } from "../ghost/cells";
import { entryCleared } from "../ghost/obligations";
import { sometimes, violation } from "../ghost/report";
import {
  alignDown,
  alignUp,
  frameOf,
  isTableEntry,
  makeEntry,
  pagesOf,
  slotOf,
  slotTable,
  writeEntry,
} from "../hw/tables";
import { add, bump, frameAt, get, getLong, mmAt, put, reg, regWord, restAt, setReg, tally, vmaAt, vmas } from "../word";
import { lockOf, mustHold } from "./locks";
import { isInTree } from "./vma";

/** Level of a huge page's entry, and of the entry that points to a table of them. */
const PMD: u32 = 1;
const PUD: u32 = 2;

function currentVma(task: u32): u32 {
  return vmaAt(regWord(task, Reg.VMA) - 1);
}

/** The whole GiB around `vpn` lies inside the VMA. */
function coversGib(vma: u32, vpn: u64): bool {
  const base = alignDown(vpn, PUD);
  return getLong(vma + Vma.START) <= base && base + pagesOf(PUD) <= getLong(vma + Vma.END);
}

export function wantShare(task: u32): bool {
  const vma = currentVma(task);
  const flags = get(vma + Vma.FLAGS) & (VmaFlag.MAYSHARE | VmaFlag.ALONE);
  return flags == VmaFlag.MAYSHARE && coversGib(vma, reg(task, Reg.ADDRESS));
}

/** Sets TABLE to the PMD table of the first VMA in the file's tree that can share it, or 0. */
export function findShareable(task: u32): void {
  const vma = currentVma(task);
  const address = reg(task, Reg.ADDRESS);
  const offset = getLong(vma + Vma.OFFSET) + address - getLong(vma + Vma.START);
  const file = get(vma + Vma.FILE) - 1;
  setReg(task, Reg.TABLE, 0);
  noteTree(file, Access.READ);
  for (let i: u32 = 0; i < vmas; i++) {
    const other = vmaAt(i);
    if (other == vma || !isInTree(other, file)) continue;
    const first = getLong(other + Vma.OFFSET);
    const length = getLong(other + Vma.END) - getLong(other + Vma.START);
    if (offset < first || offset >= first + length) continue;
    const at = getLong(other + Vma.START) + offset - first;
    if (((at ^ address) & (pagesOf(PUD) - 1) & ~(pagesOf(PMD) - 1)) != 0) continue;
    const mask: u32 = VmaFlag.SHARE_MASK;
    if ((get(other + Vma.FLAGS) & mask) != (get(vma + Vma.FLAGS) & mask) || !coversGib(other, at)) continue;
    const slot = slotOf(get(mmAt(get(other + Vma.MM) - 1) + Mm.PGD), at, PUD);
    if (slot == 0 || !isTableEntry(get(slot))) continue;
    setReg(task, Reg.TABLE, frameOf(get(slot)));
    return;
  }
}

/** Whether TABLE has another sharer: by its page's references, or, when `byShareCount`, by pt_share_count. */
export function isShared(task: u32, byShareCount: bool): bool {
  const table = regWord(task, Reg.TABLE);
  return byShareCount ? get(restAt(table) + Rest.SHARE) != 0 : get(frameAt(table) + Frame.REFERENCES) > 1;
}

export function tableGet(task: u32, byShareCount: bool): void {
  const table = regWord(task, Reg.TABLE);
  add(byShareCount ? restAt(table) + Rest.SHARE : frameAt(table) + Frame.REFERENCES, 1);
}

/**
 * A sharer leaves TABLE. True when the caller must drop the last reference of its page, which no right listing reaches;
 * pt_share_count never frees, and a count below zero is UNBALANCED.
 */
export function tablePut(task: u32, byShareCount: bool): bool {
  const table = regWord(task, Reg.TABLE);
  if (byShareCount) {
    const sharers = restAt(table) + Rest.SHARE;
    if (get(sharers) == 0) violation(Fault.UNBALANCED, 0, 11);
    else add(sharers, -1);
    return false;
  }
  const references = frameAt(table) + Frame.REFERENCES;
  if (get(references) <= 1) return true;
  put(references, get(references) - 1);
  return false;
}

/** Installs TABLE in the PUD entry of MM at ADDRESS unless another fault was first. */
export function pudPopulate(task: u32): bool {
  const slot = slotOf(get(mmAt(regWord(task, Reg.MM)) + Mm.PGD), reg(task, Reg.ADDRESS), PUD);
  if (slot == 0 || (get(slot) & Entry.PRESENT) != 0) return false;
  writeEntry(slot, makeEntry(regWord(task, Reg.TABLE), Entry.PRESENT | Entry.WRITE));
  bump(mmAt(regWord(task, Reg.MM)) + Mm.TABLES, 1);
  add(tally(Tally.SHARED), 1);
  sometimes(Sometimes.SHARED);
  return true;
}

/** pud_clear() of huge_pmd_unshare: from here on nobody else will flush what this mm's CPUs hold. */
export function pudClear(task: u32, guard: u32): void {
  mustHold(task, guard, true);
  const mm = regWord(task, Reg.MM);
  const slot = slotOf(get(mmAt(mm) + Mm.PGD), reg(task, Reg.ADDRESS), PUD);
  if (slot == 0) {
    violation(Fault.UNBALANCED, 0, 7);
    return;
  }
  const table = slotTable;
  entryCleared(mm, reg(task, Reg.ADDRESS), PUD, table, slot, guard == LockRef.NONE ? 0 : lockOf(task, guard));
  writeEntry(slot, 0);
  bump(mmAt(mm) + Mm.TABLES, -1);
  add(tally(Tally.UNSHARED), 1);
  sometimes(Sometimes.UNSHARED);
}

/** Widens RANGE_START, RANGE_END to whole GiBs, but never beyond the aligned part of the VMA. */
export function widenRange(task: u32): void {
  const vma = currentVma(task);
  const first = alignUp(getLong(vma + Vma.START), PUD);
  const last = alignDown(getLong(vma + Vma.END), PUD);
  const from = reg(task, Reg.RANGE_START);
  const to = reg(task, Reg.RANGE_END);
  if ((get(vma + Vma.FLAGS) & VmaFlag.MAYSHARE) == 0 || last <= first) return;
  if (to <= first || from >= last) return;
  if (from > first) setReg(task, Reg.RANGE_START, alignDown(from, PUD));
  if (to < last) setReg(task, Reg.RANGE_END, alignUp(to, PUD));
}
