import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Mm } from "../../../assembly/abi/records.js";
import { Gather, GatherBit } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const SPACE_END = 16;

interface Opened extends Rig {
  readonly gather: number;
}

/** Task 0 with a gather open on mm 0. */
function opened(fullmm = 0, options: RigOptions = {}): Opened {
  const made = rig(options);
  made.set({ [Reg.MM]: 0 });
  made.core.gatherStart(made.task(), fullmm);
  return Object.assign(made, { gather: made.core.gatherOf(made.task()) });
}

const rangeOf = (made: Opened): [number, number] => [
  made.machine.long(made.gather + Gather.START),
  made.machine.long(made.gather + Gather.END),
];
const bitsOf = (made: Opened): number => made.get(made.gather + Gather.BITS);
const record = (made: Opened, at: number, pages: number, bits: number): void =>
  made.core.gatherRecord(made.gather, BigInt(at), BigInt(pages), bits);

/** What the back-ends read: mm, range, stride, tables, full. */
function loaded(made: Opened): number[] {
  made.core.loadRange(made.task());
  const registers = [Reg.FLUSH_MM, Reg.RANGE_START, Reg.RANGE_END, Reg.STRIDE, Reg.TABLES, Reg.FULL];
  return registers.map((reg) => made.register(reg));
}

describe("tlb_gather_mmu", () => {
  it("opens an empty range on the mm and counts itself in tlb_flush_pending", () => {
    const made = opened();
    expect(made.core.isOpen(made.gather)).toBe(1);
    expect(rangeOf(made)).toEqual([SPACE_END, 0]);
    expect(bitsOf(made)).toBe(0);
    expect(made.mm(0, Mm.FLUSH_PENDING)).toBe(1);
  });

  it("covers everything from the start with fullmm", () => {
    const made = opened(1);
    expect(rangeOf(made)).toEqual([0, SPACE_END]);
    expect(bitsOf(made)).toBe(GatherBit.FULLMM);
  });

  it("is UNBALANCED when the task has one open already", () => {
    const made = opened();
    expect(made.violations()).toEqual([]);
    made.core.gatherStart(made.task(), 0);
    expect(made.violations()).toEqual([Fault.UNBALANCED]);
  });
});

describe("a record", () => {
  it("widens the range to the least that covers all of them", () => {
    const made = opened();
    record(made, 6, 2, GatherBit.CLEARED_1);
    expect(rangeOf(made)).toEqual([6, 8]);
    record(made, 12, 1, GatherBit.CLEARED_0);
    expect(rangeOf(made)).toEqual([6, 13]);
    record(made, 7, 1, GatherBit.CLEARED_0);
    expect(rangeOf(made)).toEqual([6, 13]);
  });

  it("adds the bit of its level, and the stride is the smallest level recorded", () => {
    const made = opened();
    record(made, 4, 4, GatherBit.CLEARED_2);
    expect(loaded(made)).toEqual([0, 4, 8, 2, 0, 0]);
    record(made, 6, 2, GatherBit.CLEARED_1);
    expect(loaded(made)).toEqual([0, 4, 8, 1, 0, 0]);
    record(made, 4, 1, GatherBit.CLEARED_0);
    expect(loaded(made)).toEqual([0, 4, 8, 0, 0, 0]);
  });

  it("of a freed table is one page at the level of the entry that pointed to it, with freed_tables", () => {
    const made = opened();
    made.core.recordTable(made.gather, 4n, 2);
    expect(rangeOf(made)).toEqual([4, 5]);
    expect(bitsOf(made)).toBe(GatherBit.CLEARED_2 | GatherBit.FREED_TABLES);
    expect(loaded(made)).toEqual([0, 4, 5, 2, 1, 0]);
  });

  it("of a freed table above every level sets no level bit (P4D)", () => {
    const made = opened();
    made.core.recordTable(made.gather, 0n, 4);
    expect(bitsOf(made)).toBe(GatherBit.FREED_TABLES);
  });

  it("is what the guard of tlb_flush_mmu_tlbonly looks for: fullmm alone is nothing to flush", () => {
    const needs = (made: Opened) => (bitsOf(made) & GatherBit.NEEDS_FLUSH) !== 0;
    const made = opened();
    expect(needs(made)).toBe(false);
    record(made, 6, 2, GatherBit.CLEARED_1);
    expect(needs(made)).toBe(true);
    made.core.gatherReset(made.gather);
    expect(needs(made)).toBe(false);
    expect(needs(opened(1))).toBe(false);
    made.core.recordTable(made.gather, 0n, 4);
    expect(needs(made)).toBe(true);
  });
});

describe("the reset after a flush", () => {
  it("empties range and bits and keeps the batch", () => {
    const made = opened();
    record(made, 6, 2, GatherBit.CLEARED_1 | GatherBit.FREED_TABLES);
    made.core.gatherQueue(made.gather, 13);
    made.core.gatherReset(made.gather);
    expect(rangeOf(made)).toEqual([SPACE_END, 0]);
    expect(bitsOf(made)).toBe(0);
    expect(made.get(made.gather + Gather.COUNT)).toBe(1);
  });

  it("keeps fullmm and its range", () => {
    const made = opened(1);
    record(made, 6, 2, GatherBit.CLEARED_1);
    made.core.gatherReset(made.gather);
    expect(rangeOf(made)).toEqual([0, SPACE_END]);
    expect(bitsOf(made)).toBe(GatherBit.FULLMM);
  });
});

describe("the batch", () => {
  it("is full when the next page would have no room", () => {
    const made = opened(0, { batch: 3 });
    expect([13, 14, 15].map((frame) => made.core.gatherQueue(made.gather, frame))).toEqual([0, 0, 1]);
    const queued = [0, 1, 2].map((i) => made.get(made.gather + Gather.WORDS + i));
    expect(queued).toEqual([13, 14, 15]);
  });
});

describe("gathers of several tasks on one mm", () => {
  it("are counted, and the one that finishes flushes everything, tables included", () => {
    const made = opened();
    made.set({ [Reg.MM]: 0 }, 1);
    made.core.gatherStart(made.task(1), 0);
    expect(made.mm(0, Mm.FLUSH_PENDING)).toBe(2);
    record(made, 6, 2, GatherBit.CLEARED_1);
    made.core.promote(made.gather);
    expect(loaded(made)).toEqual([0, 0, SPACE_END, 0, 1, 1]);
    made.core.gatherFinish(made.task());
    expect(made.mm(0, Mm.FLUSH_PENDING)).toBe(1);
  });
});

describe("tlb_finish_mmu", () => {
  it("closes the gather and leaves nothing behind", () => {
    const made = opened();
    record(made, 6, 2, GatherBit.CLEARED_1);
    made.core.gatherFinish(made.task());
    expect(made.core.isOpen(made.gather)).toBe(0);
    expect([...rangeOf(made), bitsOf(made)]).toEqual([0, 0, 0]);
    expect(made.mm(0, Mm.FLUSH_PENDING)).toBe(0);
    expect(made.violations()).toEqual([]);
  });

  it("is UNBALANCED without an open gather", () => {
    const made = rig();
    made.core.gatherFinish(made.task());
    expect(made.violations()).toEqual([Fault.UNBALANCED]);
  });
});

describe("the TTL hint", () => {
  it("names the level when exactly one was recorded and no table freed", () => {
    const made = opened();
    expect(made.core.levelHint(made.task())).toBe(0);
    record(made, 6, 2, GatherBit.CLEARED_1);
    expect(made.core.levelHint(made.task())).toBe(2);
    record(made, 4, 1, GatherBit.CLEARED_0);
    expect(made.core.levelHint(made.task())).toBe(0);
  });

  it("is not given when tables were freed: the pointer stands above the leaves", () => {
    const made = opened();
    made.core.recordTable(made.gather, 4n, 2);
    expect(made.core.levelHint(made.task())).toBe(0);
  });
});

describe("the oracle's look at a gather", () => {
  it("finds what was cleared and not recorded, and is content when it was", () => {
    for (const isRecorded of [true, false]) {
      const made = opened();
      made.core.loadMm(0, 0);
      made.core.setCurrent(0, 0);
      made.map(0, 6, 1);
      made.clear(0, 6, 1);
      record(made, isRecorded ? 6 : 4, 2, GatherBit.CLEARED_1);
      made.core.checkGather(made.task());
      expect(made.violations()).toEqual(isRecorded ? [] : [Fault.RANGE_NOT_RECORDED]);
    }
  });

  it("asks nothing of a gather that flushes the whole mm", () => {
    const made = opened(1);
    made.core.loadMm(0, 0);
    made.core.setCurrent(0, 0);
    made.map(0, 6, 1);
    made.clear(0, 6, 1);
    made.core.checkGather(made.task());
    expect(made.violations()).toEqual([]);
  });
});
