/**
 * The agents of a search in words: tasks, interrupts, walk steps and evictions, the allocator.
 */
import { Base } from "../../assembly/abi/layout.js";
import type { Machine } from "../machine.js";
import type { Searched } from "./search.js";
import type { StageOptions } from "./stage.js";

/** What `agent` is about to do. */
function tell(what: StageOptions, machine: Machine, agent: number): string {
  const tasks = what.which.tasks;
  const cpus = machine.config.cpus;
  const task = tasks[agent];
  if (task !== undefined) return `${task.name}: ${machine.program[machine.pcOf(agent)]?.text ?? "goes on"}`;
  if (agent < tasks.length + cpus) return `CPU${agent - tasks.length}: takes the flush interrupt`;
  const perCpu = machine.base(Base.TLB_WORDS) / 2;
  const slotAgent = agent - tasks.length - cpus;
  if (slotAgent >= cpus * perCpu) return `allocator: hands frame ${slotAgent - cpus * perCpu} to somebody else`;
  const cpu = Math.floor(slotAgent / perCpu);
  const isFull = machine.get(machine.base(Base.TLB) + 2 * slotAgent) !== 0;
  return `CPU${cpu}: ${isFull ? "evicts" : "fills"} TLB slot ${slotAgent % perCpu}`;
}

/** Follows a path on the search's machine and tells each step. The search cannot go on after it. */
export function tellPath(what: StageOptions, search: Searched, agents: readonly number[]): string[] {
  search.core.call.restartSearch();
  return agents.map((agent) => {
    const said = tell(what, search.machine, agent);
    search.core.call.followSearch(agent);
    return said;
  });
}
