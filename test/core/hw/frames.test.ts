import { describe, expect, it } from "vitest";
import { Entry, Frame, Rest } from "../../../assembly/abi/records.js";
import { Kind, Pool, type Rig, rig } from "../harness.js";

const CONFIG = { mms: 1, tableFrames: 4, baseFrames: 3, hugeFrames: 2 };

function takeAll(made: Rig, pool: number): number[] {
  const taken: number[] = [];
  let frame = made.core.allocate(pool, Kind.PAGE, 1);
  while (frame !== 0) {
    taken.push(frame);
    frame = made.core.allocate(pool, Kind.PAGE, 1);
  }
  return taken;
}

describe("frames", () => {
  it("come as tables, then base pages, then huge pages; frame 0 is none (F1)", () => {
    const made = rig(CONFIG);
    expect([Pool.TABLE, Pool.BASE, Pool.HUGE].map((pool) => made.core.firstFrame(pool))).toEqual([1, 5, 8]);
    expect([Pool.TABLE, Pool.BASE, Pool.HUGE].map((pool) => made.core.frameCount(pool))).toEqual([4, 3, 2]);
    const pools = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((frame) => made.core.poolOf(frame));
    expect(pools).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2]);
  });

  it("are handed out lowest number first, and then there is none", () => {
    const made = rig(CONFIG);
    expect(takeAll(made, Pool.BASE)).toEqual([5, 6, 7]);
    expect(takeAll(made, Pool.HUGE)).toEqual([8, 9]);
    expect(made.core.allocate(Pool.HUGE, Kind.PAGE, 1)).toBe(0);
  });

  it("begin with one reference, no mapping and the owner that asked", () => {
    const made = rig(CONFIG);
    const frame = made.core.allocate(Pool.HUGE, Kind.PAGE, 7);
    expect([made.machine.kind(frame), made.machine.owner(frame)]).toEqual([Kind.PAGE, 7]);
    expect([Frame.REFERENCES, Frame.MAPS].map((field) => made.frame(frame, field))).toEqual([1, 0]);
    expect([Rest.VALUE, Rest.SHARE].map((field) => made.rest(frame, field))).toEqual([0, 0]);
  });

  it("take the last freed one first when reuse is immediate", () => {
    const made = rig({ ...CONFIG, reuse: "immediate" });
    const [a, b, c] = takeAll(made, Pool.BASE) as [number, number, number];
    for (const frame of [b, a, c]) made.core.release(frame);
    expect(takeAll(made, Pool.BASE)).toEqual([c, a, b]);
  });

  it("take the first freed one first when reuse is fifo", () => {
    const made = rig({ ...CONFIG, reuse: "fifo" });
    const [a, b, c] = takeAll(made, Pool.BASE) as [number, number, number];
    for (const frame of [b, a, c]) made.core.release(frame);
    expect(takeAll(made, Pool.BASE)).toEqual([b, a, c]);
  });

  it("queue behind those that were never used when reuse is fifo", () => {
    const made = rig({ ...CONFIG, reuse: "fifo" });
    const first = made.core.allocate(Pool.BASE, Kind.PAGE, 1);
    made.core.release(first);
    expect(takeAll(made, Pool.BASE)).toEqual([6, 7, first]);
  });

  it("do not come back when reuse is never", () => {
    const made = rig({ ...CONFIG, reuse: "never" });
    const taken = takeAll(made, Pool.BASE);
    for (const frame of taken) made.core.release(frame);
    expect(takeAll(made, Pool.BASE)).toEqual([]);
  });

  it("grow their generation at every free, and at nothing else (F2)", () => {
    const made = rig(CONFIG);
    const seen: number[] = [];
    for (let life = 0; life < 4; life++) {
      const frame = made.core.allocate(Pool.HUGE, Kind.PAGE, 1);
      expect(frame).toBe(8);
      seen.push(made.frame(frame, Frame.GENERATION));
      made.core.release(frame);
    }
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it("lose owner, counts, lock and sharers when they are freed", () => {
    const made = rig(CONFIG);
    const table = made.core.allocate(Pool.TABLE, Kind.TABLE, 1);
    const [counts, ofTable] = [[Frame.REFERENCES, Frame.MAPS] as const, [Rest.LOCK, Rest.SHARE] as const];
    for (const field of counts) made.put(made.machine.frame(table) + field, 3);
    for (const field of ofTable) made.put(made.machine.rest(table) + field, 3);
    made.core.release(table);
    expect([made.machine.kind(table), made.machine.owner(table)]).toEqual([Kind.FREE, 0]);
    expect(counts.map((field) => made.frame(table, field))).toEqual([0, 0]);
    expect(ofTable.map((field) => made.rest(table, field))).toEqual([0, 0]);
  });
});

describe("a table frame", () => {
  for (const concrete of [false, true]) {
    it(`${concrete ? "keeps its words at the free on concrete" : "is emptied at the free on saturated"} TLBs`, () => {
      const made = rig({ ...CONFIG, concrete });
      const table = made.core.allocate(Pool.TABLE, Kind.TABLE, 1);
      made.put(made.table(table), made.core.makeEntry(8, Entry.PRESENT | Entry.LEAF));
      expect(made.core.liveEntries(table)).toBe(1);
      made.core.release(table);
      expect(made.core.liveEntries(table)).toBe(concrete ? 1 : 0);
    });
  }

  it("is empty for its next owner", () => {
    const made = rig({ ...CONFIG, concrete: true });
    const table = made.core.allocate(Pool.TABLE, Kind.TABLE, 1);
    made.put(made.table(table), made.core.makeEntry(8, Entry.PRESENT));
    made.core.release(table);
    expect(made.core.allocate(Pool.TABLE, Kind.TABLE, 2)).toBe(table);
    expect(made.core.liveEntries(table)).toBe(0);
  });
});
