/** Micro-ops by hand: gives a task a few of them, without a listing. */
import { Base } from "../../assembly/abi/layout.js";
import { Op } from "../../assembly/abi/ops.js";
import { Task } from "../../assembly/abi/tasks.js";
import type { Rig } from "./harness.js";

/** Words of code that each task has to itself, far from the listings. */
const ROOM = 64;
const FIRST = 1024;

/** Writes the ops, with an end, and takes the task to the first visible one. Its registers stay as they are. */
export function load(made: Rig, task: number, ops: readonly (readonly number[])[]): void {
  const first = FIRST + task * ROOM;
  [...ops, [Op.RETURN, 0]].forEach((op, i) => {
    for (let word = 0; word < 4; word++) made.put(made.machine.base(Base.CODE) + 4 * (first + i) + word, op[word] ?? 0);
  });
  const record = made.task(task);
  for (const field of [Task.DONE, Task.SCRIPT, Task.SCRIPT_END]) made.put(record + field, 0);
  made.core.settle(record, first);
}

/** One step of an agent, which must be enabled (S1). */
export function step(made: Rig, agent: number): void {
  const { call } = made.machine.core;
  if (((call.enabledMask() >> BigInt(agent)) & 1n) === 0n) throw new Error(`agent ${agent} cannot move`);
  call.stepAgent(agent);
}
