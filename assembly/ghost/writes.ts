/**
 * WRITE_LOST (I6): a page's content has been taken, written back or copied, and a CPU can still store to the page
 * without a fault.
 *
 * Only an entry that was writable and dirty can be stored through without a walk (flag STORES). Stores come from user
 * code: a CPU whose task is inside a call cannot store before that call has gone on to its own flush, so it is left
 * out. A task that returns without one is another rule's matter (RIGHTS_OUTLIVE_CALL).
 */

import { Fault } from "../abi/events";
import { Op } from "../abi/ops";
import { Frame } from "../abi/records";
import { Obligation, ObligationFlag, Task } from "../abi/tasks";
import { codeBase, frameAt, get, obligationAt, taskAt, tasks } from "../word";
import { obligationCount, staleOn } from "./lookup";
import { violation } from "./report";
import { usersOf } from "./rules";

/** CPUs whose task is in the kernel. */
function inKernel(): u32 {
  let cpus: u32 = 0;
  for (let i: u32 = 0; i < tasks; i++) {
    const task = taskAt(i);
    const isUser = get(codeBase + (get(task + Task.PC) << 2)) == <u32>Op.ACCESS;
    if (get(task + Task.DONE) == 0 && !isUser) cpus |= 1 << get(task + Task.CPU);
  }
  return cpus;
}

/** The content of `frame` has been taken and nothing says that it will be taken again. */
export function contentTaken(frame: u32): void {
  if (staleOn(frame) == 0) return;
  const generation = get(frameAt(frame) + Frame.GENERATION);
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    const record = obligationAt(i);
    if (get(record + Obligation.FRAME) != frame || get(record + Obligation.GENERATION) != generation) continue;
    if ((get(record + Obligation.FLAGS) & ObligationFlag.STORES) == 0) continue;
    const users = get(record + Obligation.HOLDERS) & usersOf(get(record + Obligation.MM), false) & ~inKernel();
    if (users != 0) violation(Fault.WRITE_LOST, record, users);
  }
}
