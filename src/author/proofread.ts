/**
 * Proofreading: what is wrong with a listing of one's own, before a search is spent on it. One clear line each.
 */
import { InputError } from "../error.js";
import { type Backend, backends } from "../kernel/arch/backends.js";
import { type CompiledOp, compile, ListingError } from "../kernel/compile.js";
import type { Edition } from "../kernel/editions.js";
import type { Call } from "../kernel/listing.js";
import type { Scenario } from "../scenarios/scenario.js";
import { findLeak } from "./locks.js";
import { machinesOf } from "./op-facts.js";
import { checkShape } from "./shape.js";

/** Calls that a scenario brings with it, each once. */
export function ownCalls(scenario: Scenario): readonly Call[] {
  const steps = [...scenario.setup, ...scenario.cases.flatMap((which) => which.tasks)].flatMap((one) => one.calls);
  return [...new Set(steps.flatMap(({ call }) => (typeof call === "string" ? [] : [call])))];
}

/**
 * Throws an InputError for a listing of the scenario that is wrong in the edition on the back-end: an unknown op or
 * operand, a label that is missing or there twice, a lock that a path never releases, an op that the machine lacks.
 */
export function proofread(scenario: Scenario, edition: Edition, backend: Backend, source = scenario.name): void {
  for (const call of ownCalls(scenario)) proofreadCall(call, edition, backend, source);
}

/** The same for one call. */
export function proofreadCall(call: Call, edition: Edition, backend: Backend, source: string): void {
  const complain =
    (fn: string) =>
    (what: string, remedy: string): never => {
      throw new InputError(`${fn}: ${what}`, { source, remedy });
    };
  checkShape(call.listing, complain);
  const code = compileOr(call, edition, backend, complain);
  for (const line of code) checkMachine(line, backend, complain(line.fn));
  const leak = findLeak(code);
  if (leak === undefined) return;
  const way = leak.turn === undefined ? "" : `, after "${leak.turn}"`;
  if (leak.what === "endless") {
    complain(call.listing.name)(`runs past its last line in ${edition.name}${way}`, "end it with ops.ret(false)");
  }
  complain(leak.taken.fn)(
    `"${leak.taken.text}" is never undone on one path of ${call.name} in ${edition.name}: it returns${way}`,
    "add the ops.unlock() before that return",
  );
}

type Complaints = (fn: string) => (what: string, remedy: string) => never;

function compileOr(call: Call, edition: Edition, backend: Backend, complain: Complaints): CompiledOp[] {
  try {
    return compile(call.listing, edition, backend, 0);
  } catch (error) {
    if (!(error instanceof ListingError)) throw error;
    return complain(error.fn)(`${error.what} in ${edition.name}`, "at(name) sets a label, once for each function");
  }
}

function checkMachine(line: CompiledOp, backend: Backend, complain: (what: string, remedy: string) => never): void {
  const machines = machinesOf.get(line.op);
  if (machines === undefined || machines.includes(backend.machine)) return;
  const having = backends.filter(({ machine }) => machines.includes(machine)).map(({ name }) => name);
  complain(
    `"${line.text}": the hardware of ${backend.name} has no such op`,
    `flush with arch("flush_tlb_range"), which every machine has, or check with --backend ${having.join(",")}`,
  );
}
