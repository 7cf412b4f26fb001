import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { LockRef, Reg } from "../../../assembly/abi/operands.js";
import { Entry, Mm, Rest, VmaFlag } from "../../../assembly/abi/records.js";
import { Gather, GatherBit, ObligationFlag } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const A = 0;

/** CPU0 runs A; task 0 works on A with a gather open. */
function working(options: RigOptions = {}): Rig & { gather: number } {
  const made = rig(options);
  made.core.loadMm(0, A);
  made.core.setCurrent(0, 0);
  made.set({ [Reg.MM]: A });
  made.core.gatherStart(made.task(), 0);
  return Object.assign(made, { gather: made.core.gatherOf(made.task()) });
}

/** ENTRY and TABLE of task 0 for an address of A. */
function aim(made: Rig, vpn: number, level: number): void {
  made.set({ [Reg.ADDRESS]: vpn });
  made.core.walkTables(made.task(), Reg.ADDRESS, level);
}

const recorded = (made: Rig & { gather: number }): number[] => [
  made.machine.long(made.gather + Gather.START),
  made.machine.long(made.gather + Gather.END),
  made.get(made.gather + Gather.BITS),
];

describe("making tables", () => {
  it("makes what is missing, charges the mm, and stops without memory", () => {
    const made = rig({ mms: 1, tableFrames: 3 });
    expect(made.core.allocTables(A, 4n, 1)).toBe(1);
    expect(made.core.allocTables(A, 6n, 1)).toBe(1);
    expect(made.mm(A, Mm.TABLES)).toBe(1);
    expect(made.core.allocTables(A, 4n, 0)).toBe(1);
    expect(made.core.allocTables(A, 8n, 1)).toBe(0);
    expect(made.mm(A, Mm.TABLES)).toBe(2);
  });

  it("finds the PUD slot of an mm, and none below a missing table", () => {
    const made = rig({ geometry: "x86-64" });
    expect(made.core.pudSlot(A, 0n)).toBe(0);
    made.core.allocTables(A, 0n, 1);
    expect(made.core.pudSlot(A, 0n)).toBe(made.slot(A, 0, 2));
  });
});

describe("entries", () => {
  it("are written with the rights of PROT", () => {
    for (const prot of [VmaFlag.READ, VmaFlag.READ | VmaFlag.WRITE]) {
      const made = working();
      made.core.allocTables(A, 6n, 1);
      aim(made, 6, 1);
      made.set({ [Reg.PAGE]: 15, [Reg.PROT]: prot });
      made.core.setEntry(made.task(), 1);
      const entry = made.get(made.slot(A, 6, 1));
      expect([entry >>> Entry.SHIFT, (entry & Entry.WRITE) !== 0]).toEqual([15, prot > 1]);
    }
  });

  it("are cleared after the oracle has been told", () => {
    const made = working();
    const page = made.map(A, 6, 1);
    aim(made, 6, 1);
    made.core.clearEntry(made.task(), 1, LockRef.NONE);
    expect(made.get(made.slot(A, 6, 1))).toBe(0);
    expect(made.owed()).toMatchObject([{ start: 6, frame: page, holders: 1 }]);
  });

  it("that replace others make the old ones owed", () => {
    const made = working();
    const old = made.map(A, 6, 1);
    aim(made, 6, 1);
    made.set({ [Reg.PAGE]: 16, [Reg.PROT]: VmaFlag.READ });
    made.core.setEntry(made.task(), 1);
    expect(made.owed()).toMatchObject([{ start: 6, frame: old }]);
  });

  it("lose the write right with an obligation, and gain it without one", () => {
    const made = working();
    made.map(A, 6, 1);
    aim(made, 6, 1);
    made.set({ [Reg.PROT]: VmaFlag.READ });
    made.core.protectEntry(made.task(), 1);
    made.core.protectEntry(made.task(), 1);
    expect(made.owed()).toMatchObject([{ flags: ObligationFlag.RIGHTS }]);
    expect(made.get(made.slot(A, 6, 1)) & Entry.WRITE).toBe(0);
    made.set({ [Reg.PROT]: VmaFlag.READ | VmaFlag.WRITE });
    made.core.protectEntry(made.task(), 1);
    expect(made.get(made.slot(A, 6, 1)) & Entry.WRITE).toBe(Entry.WRITE);
    expect(made.owed()).toHaveLength(1);
  });

  it("move as they are, owed at the old address, and only under the guard", () => {
    const made = working();
    const page = made.map(A, 6, 1);
    made.core.allocTables(A, 8n, 1);
    aim(made, 6, 1);
    made.set({ [Reg.NEW_ENTRY]: made.slot(A, 8, 1) });
    made.core.moveEntry(made.task(), 1, LockRef.PTL);
    expect(made.violations()).toEqual([Fault.LOCK_NOT_HELD]);
    expect([made.get(made.slot(A, 6, 1)), made.get(made.slot(A, 8, 1)) >>> Entry.SHIFT]).toEqual([0, page]);
    expect(made.owed()).toMatchObject([{ start: 6, frame: page }]);
  });
});

describe("free_pgtables", () => {
  it("unhooks the lowest tables first, records one page a level above, and queues them", () => {
    const made = working();
    made.map(A, 4, 0);
    made.set({ [Reg.START]: 4, [Reg.END]: 8 });
    const [low, high] = [made.tableOf(A, 4, 0), made.tableOf(A, 4, 1)];
    expect(made.core.freeNextTable(made.task())).toBe(1);
    expect(recorded(made)).toEqual([4, 5, GatherBit.CLEARED_1 | GatherBit.FREED_TABLES]);
    expect(made.core.freeNextTable(made.task())).toBe(1);
    expect(recorded(made)).toEqual([4, 5, GatherBit.CLEARED_1 | GatherBit.CLEARED_2 | GatherBit.FREED_TABLES]);
    expect(made.core.freeNextTable(made.task())).toBe(0);
    expect([0, 1].map((i) => made.get(made.gather + Gather.WORDS + i))).toEqual([low, high]);
    expect([made.mm(A, Mm.TABLES), made.rest(high, Rest.PARENTS)]).toEqual([0, 0]);
  });

  it("keeps a table that another VMA needs", () => {
    const made = working();
    made.map(A, 4, 1);
    made.vma(A, 6, 8);
    made.set({ [Reg.START]: 4, [Reg.END]: 6 });
    expect(made.core.freeNextTable(made.task())).toBe(0);
  });
});
