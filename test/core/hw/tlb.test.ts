import { describe, expect, it } from "vitest";
import { Entry, Frame } from "../../../assembly/abi/records.js";
import type { TlbConfig } from "../../../src/machine.js";
import { Kind, Pool, type Rig, rig } from "../harness.js";

const SPACE = 1;
const FLAGS = Entry.PRESENT | Entry.WRITE | Entry.LEAF;
/** L1 of two base pages, one huge, one giant page; no L2 unless a test asks for it. */
const SMALL: TlbConfig = { l1: [1, 2], l1Huge: [1, 1], l1Giant: [1, 1], l2: [1, 0], walkCache: 2 };

function small(tlb: Partial<TlbConfig> = {}): Rig {
  return rig({ concrete: true, tlb: { ...SMALL, ...tlb } });
}

/** Fills base-page translations of CPU 0, each to its own frame number. */
function fillAll(made: Rig, vpns: readonly number[], level = 0): void {
  for (const vpn of vpns) made.core.fill(0, SPACE, BigInt(vpn), level, 13, FLAGS);
}

function held(made: Rig, vpns: readonly number[]): number[] {
  return vpns.filter((vpn) => made.core.lookUp(0, SPACE, BigInt(vpn)) !== 0);
}

describe("a TLB entry", () => {
  it("holds tag, start, frame and rights of the translation", () => {
    const made = small();
    made.core.fill(0, 5, 3n, 1, 15, FLAGS | Entry.DIRTY);
    const entry = made.core.lookUp(0, 5, 2n);
    expect(made.core.cachedTag(entry)).toBe(made.core.tagOf(5, 1));
    expect(made.core.spaceOf(made.core.cachedTag(entry))).toBe(5);
    expect(made.core.cachedStart(entry)).toBe(2n);
    expect(made.core.cachedFrame(entry)).toBe(15);
    expect(made.core.cachedFlags(entry)).toBe(FLAGS | Entry.DIRTY);
  });

  it("copies the frame's generation when it is filled and never again (T2)", () => {
    const made = small();
    const frame = made.core.allocate(Pool.HUGE, Kind.PAGE, 1);
    made.core.release(frame);
    made.core.fill(0, SPACE, 4n, 1, frame, FLAGS);
    made.core.release(frame);
    made.core.release(frame);
    expect(made.core.cachedGeneration(made.core.lookUp(0, SPACE, 4n))).toBe(1);
    expect(made.frame(frame, Frame.GENERATION)).toBe(3);
  });

  it("stays when the page-table entry in memory is cleared", () => {
    const made = small();
    const frame = made.map(0, 6, 0);
    made.core.fill(0, SPACE, 6n, 0, frame, FLAGS);
    made.core.writeEntry(made.slot(0, 6, 0), 0);
    expect(made.core.cachedFrame(made.core.lookUp(0, SPACE, 6n))).toBe(frame);
  });

  it("belongs to the CPU that walked: the others do not see it (T1)", () => {
    const made = small();
    fillAll(made, [6]);
    expect([0, 1, 2].map((cpu) => made.core.lookUp(cpu, SPACE, 6n) !== 0)).toEqual([true, false, false]);
  });

  it("is invisible to other address spaces, and both may hold the same page", () => {
    const made = small();
    made.core.fill(0, 1, 6n, 0, 13, FLAGS);
    made.core.fill(0, 2, 6n, 0, 14, FLAGS);
    const frames = [1, 2].map((space) => made.core.cachedFrame(made.core.lookUp(0, space, 6n)));
    expect(frames).toEqual([13, 14]);
    expect(made.core.lookUp(0, 3, 6n)).toBe(0);
  });

  it("is replaced, not doubled, by a second fill of the same page", () => {
    const made = small();
    fillAll(made, [0, 1]);
    made.core.fill(0, SPACE, 0n, 0, 14, FLAGS);
    expect(held(made, [0, 1])).toEqual([0, 1]);
    expect(made.core.cachedFrame(made.core.lookUp(0, SPACE, 0n))).toBe(14);
  });
});

describe("page sizes", () => {
  it("cover every base page inside them", () => {
    const made = small();
    fillAll(made, [2], 1);
    fillAll(made, [9], 2);
    expect(held(made, [1, 2, 3, 4])).toEqual([2, 3]);
    expect(held(made, [7, 8, 9, 10, 11, 12])).toEqual([8, 9, 10, 11]);
  });

  it("have L1 sets of their own: base pages never evict huge ones", () => {
    const made = small();
    fillAll(made, [8], 1);
    fillAll(made, [12], 2);
    fillAll(made, [0, 1, 2, 3]);
    expect(held(made, [8, 12])).toEqual([8, 12]);
  });

  it("share the L2", () => {
    const made = small({ l2: [1, 2] });
    fillAll(made, [8], 1);
    fillAll(made, [0, 1]);
    made.core.fill(0, SPACE, 10n, 1, 13, FLAGS);
    // The huge page at 8 fell out of its L1 by the one at 10, and out of the L2 by the base pages.
    expect(held(made, [8, 10])).toEqual([10]);
  });
});

describe("true LRU", () => {
  it("evicts the least recently used way", () => {
    const made = small();
    fillAll(made, [0, 1, 2]);
    expect(held(made, [0, 1, 2])).toEqual([1, 2]);
  });

  it("counts a hit as a use", () => {
    const made = small();
    fillAll(made, [0, 1]);
    held(made, [0]);
    fillAll(made, [2]);
    expect(held(made, [0, 1, 2])).toEqual([0, 2]);
  });

  it("holds in a wider set for any order of uses", () => {
    const made = small({ l1: [1, 4] });
    fillAll(made, [0, 1, 2, 3]);
    held(made, [1, 0, 3]);
    fillAll(made, [4]);
    fillAll(made, [5]);
    expect(held(made, [0, 1, 2, 3, 4, 5])).toEqual([0, 3, 4, 5]);
  });

  it("is kept per set: only pages of the same set push each other out", () => {
    const made = small({ l1: [2, 1] });
    fillAll(made, [0, 1, 2]);
    expect(held(made, [0, 1, 2])).toEqual([1, 2]);
  });

  it("indexes huge pages by their own number, not by their first base page", () => {
    const made = small({ l1Huge: [2, 1] });
    fillAll(made, [0, 2], 1);
    expect(held(made, [0, 2])).toEqual([0, 2]);
  });
});

describe("the unified L2", () => {
  it("keeps what L1 has dropped, and a hit brings it back to L1", () => {
    const made = small({ l1: [1, 1], l2: [1, 4] });
    fillAll(made, [0, 1]);
    const fromL2 = made.core.lookUp(0, SPACE, 0n);
    const fromL1 = made.core.lookUp(0, SPACE, 0n);
    expect(fromL2).not.toBe(0);
    expect(fromL1).not.toBe(fromL2);
    expect(made.core.cachedFrame(fromL1)).toBe(made.core.cachedFrame(fromL2));
  });

  it("brings back the generation that was cached, not the frame's own (T2)", () => {
    const made = small({ l1: [1, 1], l2: [1, 4] });
    const frame = made.core.allocate(Pool.BASE, Kind.PAGE, 1);
    made.core.fill(0, SPACE, 0n, 0, frame, FLAGS);
    made.core.release(frame);
    fillAll(made, [1]);
    held(made, [0]);
    expect(made.core.cachedGeneration(made.core.lookUp(0, SPACE, 0n))).toBe(0);
  });
});

describe("paging-structure caches", () => {
  it("know a table for every address below its entry, per level", () => {
    const made = small();
    made.core.fillWalk(0, SPACE, 5n, 2, 3);
    made.core.fillWalk(0, SPACE, 5n, 1, 4);
    const known = (level: number) =>
      [3, 4, 5, 6, 7, 8].filter((vpn) => made.core.lookUpWalk(0, SPACE, BigInt(vpn), level) !== 0);
    expect(known(2)).toEqual([4, 5, 6, 7]);
    expect(known(1)).toEqual([4, 5]);
    expect(made.core.cachedFrame(made.core.lookUpWalk(0, SPACE, 7n, 2))).toBe(3);
  });

  it("are fully associative and true LRU, each level on its own", () => {
    const made = small();
    for (const vpn of [0n, 4n]) made.core.fillWalk(0, SPACE, vpn, 2, 3);
    for (const vpn of [0n, 2n, 4n]) made.core.fillWalk(0, SPACE, vpn, 1, 4);
    made.core.lookUpWalk(0, SPACE, 0n, 2);
    made.core.fillWalk(0, SPACE, 8n, 2, 3);
    expect([0n, 4n, 8n].map((vpn) => made.core.lookUpWalk(0, SPACE, vpn, 2) !== 0)).toEqual([true, false, true]);
    expect([0n, 2n, 4n].map((vpn) => made.core.lookUpWalk(0, SPACE, vpn, 1) !== 0)).toEqual([false, true, true]);
  });

  it("are tagged by address space and by CPU (T1)", () => {
    const made = small();
    made.core.fillWalk(0, SPACE, 0n, 2, 3);
    expect(made.core.lookUpWalk(0, 2, 0n, 2)).toBe(0);
    expect(made.core.lookUpWalk(1, SPACE, 0n, 2)).toBe(0);
  });

  it("remember which life of the table they point to (T2)", () => {
    const made = small();
    const table = made.core.allocate(Pool.TABLE, Kind.TABLE, 1);
    made.core.fillWalk(0, SPACE, 0n, 2, table);
    made.core.release(table);
    expect(made.core.cachedGeneration(made.core.lookUpWalk(0, SPACE, 0n, 2))).toBe(0);
    expect(made.frame(table, Frame.GENERATION)).toBe(1);
  });
});
