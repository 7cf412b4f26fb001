/**
 * The kernel's sleeping locks and spinlocks as one word each: bit set of the tasks that hold it, bit 31 when for write.
 *
 * Protocol
 *   A task that cannot have a lock is not enabled; there is no queue, so every order of waiters is tried. A release
 *   for write is an event for the oracle.
 *   Each lock has a rank; taking one whose rank is below that of a lock already held is a LOCK_ORDER violation.
 */

import { Fault } from "../abi/events";
import { LockRef, Reg } from "../abi/operands";
import { FileRecord, Mm, Rest, Vma } from "../abi/records";
import { Task } from "../abi/tasks";
import { callBegins } from "../ghost/calls";
import { isNull, Missing, violation } from "../ghost/report";
import { guardDropped } from "../ghost/rules";
import { fileAt, get, mmAt, put, regWord, restAt, taskBase, vmaAt } from "../word";

const WRITE: u32 = 0x80000000;

function lockOfFrame(table: u32): u32 {
  return table == 0 ? 0 : restAt(table) + Rest.LOCK;
}

/** Word of the lock that `ref` means for this task; 0 when what it guards is not there. */
export function lockOf(task: u32, ref: u32): u32 {
  switch (ref) {
    case LockRef.MMAP:
      return mmAt(regWord(task, Reg.MM)) + Mm.MMAP_LOCK;
    case LockRef.I_MMAP:
      return fileAt(regWord(task, Reg.FILE)) + FileRecord.I_MMAP;
    case LockRef.FAULT:
      return fileAt(regWord(task, Reg.FILE)) + FileRecord.FAULT_MUTEX;
    case LockRef.VMA:
      return regWord(task, Reg.VMA) == 0 ? 0 : vmaAt(regWord(task, Reg.VMA) - 1) + Vma.LOCK;
    case LockRef.PTL:
      return lockOfFrame(regWord(task, Reg.TABLE));
    case LockRef.PAGE:
      return lockOfFrame(regWord(task, Reg.PAGE));
    case LockRef.NEW_PTL:
      return lockOfFrame(regWord(task, Reg.TMP));
    case LockRef.PAGE_TABLE:
      return mmAt(regWord(task, Reg.MM)) + Mm.PAGE_TABLE_LOCK;
    case LockRef.VMA_WRITE:
      return mmAt(regWord(task, Reg.MM)) + Mm.VMA_WRITE;
    default:
      return 0;
  }
}

function bitOf(task: u32): u32 {
  return 1 << ((task - taskBase) / Task.WORDS);
}

/** Whether `task` could take the lock now. */
export function available(lock: u32, forWrite: bool): bool {
  const word = get(lock);
  return forWrite ? word == 0 : (word & WRITE) == 0;
}

export function isHeld(task: u32, lock: u32, forWrite: bool): bool {
  const word = get(lock);
  return (word & bitOf(task)) != 0 && (!forWrite || (word & WRITE) != 0);
}

/** Number of the task that holds it for write, so that nobody else can have it; 32 when none does. */
export function holderOf(lock: u32): u32 {
  const word = get(lock);
  return (word & WRITE) == 0 ? 32 : <u32>ctz(word);
}

export function acquire(task: u32, lock: u32, forWrite: bool, rank: u32): void {
  if (get(task + Task.RANKS) >= (<u32>1) << (rank + 1)) violation(Fault.LOCK_ORDER, 0, rank);
  take(task, lock, forWrite, rank);
}

/** Takes a free lock in any order: what a trylock may do, because it never waits. */
export function take(task: u32, lock: u32, forWrite: bool, rank: u32): void {
  if (isNull(lock, Missing.LOCK)) return;
  const held = get(task + Task.RANKS);
  // A call that goes to work takes a lock first.
  if (held == 0) callBegins((task - taskBase) / Task.WORDS, get(task + Task.MM));
  put(task + Task.RANKS, held | (1 << rank));
  put(lock, get(lock) | bitOf(task) | (forWrite ? WRITE : 0));
}

/** Drops the lock. The rank is dropped too; a listing never holds two locks of one rank past the first release. */
export function unlock(task: u32, lock: u32, rank: u32): void {
  if (isNull(lock, Missing.LOCK)) return;
  const word = get(lock);
  if ((word & bitOf(task)) == 0) {
    violation(Fault.LOCK_NOT_HELD, 0, 0);
    return;
  }
  if ((word & WRITE) != 0) guardDropped(lock);
  put(lock, (word & WRITE) != 0 ? 0 : word & ~bitOf(task));
  put(task + Task.RANKS, get(task + Task.RANKS) & ~(1 << rank));
}

/** Write to read, without a moment in between. */
export function downgrade(task: u32, lock: u32): void {
  if (isNull(lock, Missing.LOCK)) return;
  guardDropped(lock);
  put(lock, bitOf(task));
}

/** A step that needs a lock says so; without it the violation names the lock. */
export function mustHold(task: u32, ref: u32, forWrite: bool): void {
  if (ref == LockRef.NONE) return;
  if (!isHeld(task, lockOf(task, ref), forWrite)) violation(Fault.LOCK_NOT_HELD, 0, ref);
}

/** A wait queue is a word like a lock's: the tasks that stand in it. */
export function prepareToWait(task: u32, queue: u32): void {
  put(queue, get(queue) | bitOf(task));
}
