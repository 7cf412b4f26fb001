import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Entry, Rest } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const A = 0;
const DONE = 0;
const AGAIN = 1;
const FAULT = 2;

/** CPU0 runs A; task 0 is on it. */
function running(options: RigOptions = {}): Rig {
  const made = rig(options);
  made.core.loadMm(0, A);
  return made;
}

/** Steps of one access at `vpn` until it is through. */
function access(made: Rig, vpn: number, isStore = 0, value = 0): number[] {
  made.set({ [Reg.START]: vpn, [Reg.VALUE]: value });
  const results: number[] = [];
  do results.push(made.core.access(made.task(), isStore));
  while (results.at(-1) === AGAIN);
  return results;
}

describe("an access on saturated hardware", () => {
  it("asks the page tables in one step", () => {
    const made = running();
    const page = made.map(A, 6, 1);
    expect(access(made, 7, 1, 42)).toEqual([DONE]);
    expect(made.rest(page, Rest.VALUE)).toBe(42);
    expect(access(made, 6)).toEqual([DONE]);
    expect(made.get(made.task() + Task.VALUE)).toBe(42);
  });

  it("faults where nothing is mapped, and on a store without the right", () => {
    const made = running();
    made.map(A, 6, 1, 0);
    expect([access(made, 4), access(made, 6, 1), access(made, 6)]).toEqual([[FAULT], [FAULT], [DONE]]);
  });
});

describe("an access on concrete hardware", () => {
  it("walks one table a step, and the next time hits the TLB", () => {
    const made = running({ concrete: true });
    made.map(A, 6, 0);
    expect(access(made, 6)).toEqual([AGAIN, AGAIN, DONE]);
    expect(access(made, 6)).toEqual([DONE]);
  });

  it("walks again for the first store through an entry without D", () => {
    const made = running({ concrete: true });
    made.map(A, 6, 1);
    access(made, 6);
    made.core.writeEntry(made.slot(A, 6, 1), made.get(made.slot(A, 6, 1)) & ~Entry.WRITE);
    expect(access(made, 6, 1)).toEqual([FAULT]);
    expect(access(made, 6)).toEqual([DONE]);
  });

  it("stores through a stale writable entry that has D, unseen by the tables", () => {
    const made = running({ concrete: true });
    const page = made.map(A, 6, 1);
    access(made, 6, 1, 1);
    made.core.writeEntry(made.slot(A, 6, 1), 0);
    expect(access(made, 6, 1, 2)).toEqual([DONE]);
    expect(made.rest(page, Rest.VALUE)).toBe(2);
    expect(made.violations()).toEqual([]);
  });

  it("is a STALE_ACCESS when the frame has been freed since it was cached (T2)", () => {
    const made = running({ concrete: true });
    const page = made.map(A, 6, 1);
    access(made, 6);
    made.core.writeEntry(made.slot(A, 6, 1), 0);
    made.core.release(page);
    access(made, 6);
    expect(made.violations()).toEqual([Fault.STALE_ACCESS]);
  });

  it("is a STALE_ACCESS when the walk began at a table that has been freed since (T2)", () => {
    const made = running({ concrete: true });
    made.map(A, 6, 1);
    access(made, 6);
    made.core.invalidate(0, made.core.spaceOfCpu(0), 0, 0, 6n, 8n);
    made.core.release(made.tableOf(A, 6, 1));
    access(made, 6);
    expect(made.violations()).toEqual([Fault.STALE_ACCESS]);
  });

  it("is none after the entry was invalidated", () => {
    const made = running({ concrete: true });
    const page = made.map(A, 6, 1);
    access(made, 6);
    made.core.writeEntry(made.slot(A, 6, 1), 0);
    made.core.invalidate(0, made.core.spaceOfCpu(0), 0, 0, 6n, 8n);
    made.core.release(page);
    expect(access(made, 6)).toEqual([FAULT]);
    expect(made.violations()).toEqual([]);
  });
});

describe("speculation", () => {
  it("fills what is mapped and nothing else, for the mm that the CPU has loaded", () => {
    const made = running({ concrete: true });
    made.map(A, 6, 1);
    expect([made.core.speculate(0, 6n), made.core.speculate(0, 4n), made.core.speculate(1, 6n)]).toEqual([1, 0, 0]);
    expect(made.core.lookUp(0, made.core.spaceOfCpu(0), 7n)).not.toBe(0);
  });

  it("leaves an entry that is stale as soon as the tables say otherwise", () => {
    const made = running({ concrete: true });
    made.map(A, 6, 1);
    made.core.speculate(0, 6n);
    const entry = made.core.lookUp(0, made.core.spaceOfCpu(0), 6n);
    expect(made.core.isStale(A, 6n, entry)).toBe(0);
    made.core.writeEntry(made.slot(A, 6, 1), 0);
    expect(made.core.isStale(A, 6n, entry)).toBe(1);
  });
});
