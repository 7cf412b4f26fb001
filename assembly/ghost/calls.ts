/**
 * Who answers for what: a call owes what it took away itself, and what was owed already when it began. What another
 * call took away since is that call's business, although this one returns first.
 */

import { Obligation, ObligationFlag } from "../abi/tasks";
import { pagesOf } from "../hw/tables";
import { get, getLong, obligationAt, put } from "../word";
import { Access, ANYBODY, noteBy, noteDue, noteMm } from "./cells";
import { moverIn, obligationCount } from "./lookup";
import { currentAgent } from "./report";

/** A call of `task` begins: from now on it answers for what its mm owes already. */
export function callBegins(task: u32, mm: u32): void {
  const count = obligationCount();
  // Whom it finds depends on who was born; being marked and being discharged can change places.
  noteMm(mm, Access.CLEAR);
  noteDue(mm, 1 << task, Access.CLEAR);
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) == mm) put(record + Obligation.DUE, get(record + Obligation.DUE) | (1 << task));
  }
}

/** A call of `task` has ended: it answers for nothing any more, and its next call's flushes are for that call. */
export function callEnds(task: u32): void {
  noteDue(ANYBODY, 1 << task, Access.CLEAR);
  noteBy(ANYBODY, task + 1, Access.CLEAR);
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    put(record + Obligation.DUE, get(record + Obligation.DUE) & ~(1 << task));
    if (get(record + Obligation.BY) == task + 1) put(record + Obligation.BY, 0);
  }
}

/** What the agent that moves has cleared in `mm` waits for a batch: the flush of that names no range. */
export function leftToBatch(mm: u32): void {
  noteBy(mm, currentAgent + 1, Access.CLEAR);
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) == mm && get(record + Obligation.BY) == currentAgent + 1) {
      put(record + Obligation.BY, 0);
    }
  }
}

/** Whether `a` is named before `b`: the wider one, then the lower. Not the older: a state is a set (hash.ts). */
function namedBefore(a: u32, b: u32): bool {
  if (get(a + Obligation.LEVEL) != get(b + Obligation.LEVEL))
    return get(a + Obligation.LEVEL) > get(b + Obligation.LEVEL);
  if (getLong(a + Obligation.START) != getLong(b + Obligation.START))
    return getLong(a + Obligation.START) < getLong(b + Obligation.START);
  if (get(a + Obligation.FRAME) != get(b + Obligation.FRAME))
    return get(a + Obligation.FRAME) < get(b + Obligation.FRAME);
  if (get(a + Obligation.GENERATION) != get(b + Obligation.GENERATION))
    return get(a + Obligation.GENERATION) < get(b + Obligation.GENERATION);
  return get(a + Obligation.FLAGS) < get(b + Obligation.FLAGS);
}

/**
 * Whether the call of the task that moves answers for anything in [start, end) of the mm that a holder can use now.
 * Gives the obligation to name, or 0. What another call has only just taken away is that call's business. With `writes`
 * only what can still be stored through counts.
 */
export function owedIn(mm: u32, start: u64, end: u64, usable: u32, writes: bool): u32 {
  const count = obligationCount();
  noteDue(mm, moverIn(mm), Access.READ);
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) != mm || (get(record + Obligation.HOLDERS) & usable) == 0) continue;
    if ((get(record + Obligation.DUE) & moverIn(mm)) == 0) continue;
    // Reclaim may take a base page at any time: mprotect, which takes only the right to store, owes nobody its reading.
    const stores = (get(record + Obligation.FLAGS) & ObligationFlag.STORES) != 0;
    if (writes && get(record + Obligation.LEVEL) == 0 && !stores) continue;
    const from = getLong(record + Obligation.START);
    if (from >= end || start >= from + pagesOf(get(record + Obligation.LEVEL) & 15)) continue;
    if (found == 0 || namedBefore(record, found)) found = record;
  }
  return found;
}
