import { describe, expect, it } from "vitest";
import { Entry } from "../../../assembly/abi/records.js";
import { type Rig, rig } from "../harness.js";

const SPACE = 1;
const MORE = 0;
const DONE = 1;
const FAULT = 2;

function concrete(): Rig {
  return rig({ concrete: true });
}

/** One whole walk by CPU 0 of mm 0; gives the result of every read. */
function walk(made: Rig, vpn: number, isStore = 0): number[] {
  made.core.startWalk(0, SPACE, made.pgd(0), BigInt(vpn));
  return finishWalk(made, vpn, isStore);
}

function finishWalk(made: Rig, vpn: number, isStore = 0): number[] {
  const results: number[] = [];
  do results.push(made.core.stepWalk(0, SPACE, BigInt(vpn), isStore));
  while (results.at(-1) === MORE);
  return results;
}

describe("a page walk", () => {
  it("reads one table a step, from the root to the leaf", () => {
    const made = concrete();
    const page = made.map(0, 6, 0);
    expect(walk(made, 6)).toEqual([MORE, MORE, DONE]);
    expect(made.core.cachedFrame(made.core.lookUp(0, SPACE, 6n))).toBe(page);
  });

  it("ends one level earlier at a huge page", () => {
    const made = concrete();
    made.map(0, 6, 1);
    expect(walk(made, 7)).toEqual([MORE, DONE]);
    expect(made.core.cachedStart(made.core.lookUp(0, SPACE, 7n))).toBe(6n);
  });

  it("fills the cache of each level that it passes", () => {
    const made = concrete();
    made.map(0, 6, 0);
    walk(made, 6);
    expect(made.core.cachedFrame(made.core.lookUpWalk(0, SPACE, 6n, 2))).toBe(made.tableOf(0, 6, 1));
    expect(made.core.cachedFrame(made.core.lookUpWalk(0, SPACE, 6n, 1))).toBe(made.tableOf(0, 6, 0));
  });

  it("begins at the deepest level that a cache knows", () => {
    const made = concrete();
    made.map(0, 6, 0);
    made.map(0, 7, 0);
    walk(made, 6);
    expect(walk(made, 7)).toEqual([DONE]);
    expect(walk(made, 4)).toEqual([FAULT]);
  });

  it("sets A on a load, and D as well on a store", () => {
    const made = concrete();
    made.map(0, 6, 0);
    made.map(0, 7, 0);
    walk(made, 6);
    walk(made, 7, 1);
    const marks = [6, 7].map((vpn) => made.get(made.slot(0, vpn, 0)) & (Entry.ACCESSED | Entry.DIRTY));
    expect(marks).toEqual([Entry.ACCESSED, Entry.ACCESSED | Entry.DIRTY]);
    const cached = [6n, 7n].map((vpn) => made.core.cachedFlags(made.core.lookUp(0, SPACE, vpn)) & Entry.DIRTY);
    expect(cached).toEqual([0, Entry.DIRTY]);
  });

  it("faults on what is not present, and caches nothing of it", () => {
    const made = concrete();
    made.map(0, 6, 0);
    expect(walk(made, 7)).toEqual([MORE, MORE, FAULT]);
    expect(walk(made, 12)).toEqual([FAULT]);
    expect(made.core.lookUp(0, SPACE, 7n)).toBe(0);
    expect(made.core.lookUpWalk(0, SPACE, 12n, 2)).toBe(0);
  });

  it("faults on a store without the write right and sets no bit", () => {
    const made = concrete();
    made.map(0, 6, 0, 0);
    expect(walk(made, 6, 1)).toEqual([MORE, MORE, FAULT]);
    expect(made.get(made.slot(0, 6, 0)) & (Entry.ACCESSED | Entry.DIRTY)).toBe(0);
    expect(walk(made, 6)).toEqual([DONE]);
  });

  it("sees what anyone else wrote between two of its reads", () => {
    const made = concrete();
    made.map(0, 6, 0);
    made.core.startWalk(0, SPACE, made.pgd(0), 6n);
    expect(made.core.stepWalk(0, SPACE, 6n, 0)).toBe(MORE);
    made.core.writeEntry(made.slot(0, 6, 1), 0);
    expect(made.core.stepWalk(0, SPACE, 6n, 0)).toBe(FAULT);
  });

  it("goes on inside a table that was unhooked under it", () => {
    const made = concrete();
    const page = made.map(0, 6, 0);
    made.core.startWalk(0, SPACE, made.pgd(0), 6n);
    made.core.stepWalk(0, SPACE, 6n, 0);
    const [table, level] = [made.core.walkTable(), made.core.walkLevel()];
    made.core.writeEntry(made.slot(0, 6, 2), 0);
    made.core.resumeWalk(table, level);
    expect(finishWalk(made, 6)).toEqual([MORE, DONE]);
    expect(made.core.cachedFrame(made.core.lookUp(0, SPACE, 6n))).toBe(page);
  });
});

describe("a stale paging-structure entry", () => {
  it("is believed although the entry in memory is gone", () => {
    const made = concrete();
    const page = made.map(0, 6, 1);
    walk(made, 6);
    made.core.invalidate(0, SPACE, 0, 0, 6n, 7n);
    made.core.writeEntry(made.slot(0, 6, 2), 0);
    expect(made.core.lookUp(0, SPACE, 6n)).toBe(0);
    expect(walk(made, 6)).toEqual([DONE]);
    expect(made.core.cachedFrame(made.core.lookUp(0, SPACE, 6n))).toBe(page);
    expect(made.core.walkWasStale()).toBe(0);
  });

  it("is believed, and known as stale, when the table has been freed since (T2)", () => {
    const made = concrete();
    made.map(0, 6, 1);
    walk(made, 6);
    const table = made.tableOf(0, 6, 1);
    made.core.writeEntry(made.slot(0, 6, 2), 0);
    made.core.release(table);
    made.core.startWalk(0, SPACE, made.pgd(0), 6n);
    expect([made.core.walkTable(), made.core.walkLevel(), made.core.walkWasStale()]).toEqual([table, 1, 1]);
  });
});
