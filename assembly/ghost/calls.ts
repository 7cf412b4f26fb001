/**
 * Who answers for what: a call owes what it took away itself, and what was owed already when it began. What another
 * call took away since is that call's business, although this one returns first.
 */

import { Obligation } from "../abi/tasks";
import { pagesOf } from "../hw/tables";
import { get, getLong, obligationAt, put } from "../word";
import { obligationCount } from "./lookup";
import { moverIn } from "./obligations";

/** A call of `task` begins: from now on it answers for what its mm owes already. */
export function callBegins(task: u32, mm: u32): void {
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) == mm) put(record + Obligation.DUE, get(record + Obligation.DUE) | (1 << task));
  }
}

/** A call of `task` has ended: it answers for nothing any more. */
export function callEnds(task: u32): void {
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    put(record + Obligation.DUE, get(record + Obligation.DUE) & ~(1 << task));
  }
}

/**
 * Whether the call of the task that moves answers for anything in [start, end) of the mm that a holder can use now.
 * Gives the obligation or 0. What another call has only just taken away is that call's business.
 */
export function owedIn(mm: u32, start: u64, end: u64, usable: u32): u32 {
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.MM) != mm || (get(record + Obligation.HOLDERS) & usable) == 0) continue;
    if ((get(record + Obligation.DUE) & moverIn(mm)) == 0) continue;
    const from = getLong(record + Obligation.START);
    if (from < end && start < from + pagesOf(get(record + Obligation.LEVEL) & 15)) return record;
  }
  return 0;
}
