import { describe, expect, it } from "vitest";
import { Scope } from "../../../assembly/abi/operands.js";
import { Cpu, Entry, Mm, Rest, Tally } from "../../../assembly/abi/records.js";
import { OBLIGATION_TABLE, ObligationFlag } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const [A, B] = [0, 1];
const POINTER = OBLIGATION_TABLE | 2;

/** CPU0 and CPU1 run A, CPU2 runs B. */
function running(options: RigOptions = {}): Rig {
  const made = rig(options);
  made.core.loadMm(0, A);
  made.core.loadMm(1, A);
  made.core.loadMm(2, B);
  return made;
}

/** A at GiB 1 and B at GiB 2 reach one PMD table with two huge pages. */
function shared(options: RigOptions = {}): Rig & { table: number; pages: [number, number] } {
  const made = running(options);
  made.vma(A, 4, 8);
  made.vma(B, 8, 12);
  const pages: [number, number] = [made.map(A, 4, 1), made.map(A, 6, 1)];
  const table = made.tableOf(A, 4, 1);
  made.share(B, 8, table);
  return Object.assign(made, { table, pages });
}

describe("the birth of an obligation", () => {
  it("names mm, span, frame and every CPU that has had the mm loaded (G1)", () => {
    const made = running();
    const frame = made.map(A, 6, 1);
    made.clear(A, 7, 1);
    expect(made.owed()).toEqual([{ mm: A, start: 6, level: 1, frame, holders: 0b011, flags: 0 }]);
    expect(made.rest(frame, Rest.STALE)).toBe(1);
  });

  it("does not happen when no CPU has had the mm loaded (G1)", () => {
    const made = rig();
    made.map(A, 6, 1);
    made.clear(A, 6, 1);
    expect(made.owed()).toEqual([]);
  });

  it("does not happen for an entry that was not present", () => {
    const made = running();
    made.map(A, 6, 1);
    made.clear(A, 4, 1);
    expect(made.owed()).toEqual([]);
  });

  it("comes with a lost write right as well, and is marked as such", () => {
    const made = running();
    made.map(A, 6, 1);
    const slot = made.slot(A, 6, 1);
    made.core.rightsLost(A, 6n, 1, made.core.slotTable(), slot, 0);
    expect(made.owed().map(({ start, flags }) => [start, flags])).toEqual([[6, ObligationFlag.RIGHTS]]);
  });

  it("takes a pointer and every leaf below it when a table entry is cleared", () => {
    const made = running();
    const pages = [made.map(A, 4, 1), made.map(A, 6, 1)];
    const table = made.tableOf(A, 4, 1);
    made.clear(A, 5, 2);
    expect(made.owed().map(({ start, level, frame }) => [start, level, frame])).toEqual([
      [4, POINTER, table],
      [4, 1, pages[0]],
      [6, 1, pages[1]],
    ]);
  });

  it("goes down to the base pages, through every table on the way", () => {
    const made = running();
    made.map(A, 4, 0);
    made.map(A, 7, 0);
    made.clear(A, 4, 2);
    expect(made.owed().map(({ start, level }) => [start, level])).toEqual([
      [4, POINTER],
      [4, OBLIGATION_TABLE | 1],
      [4, 0],
      [6, OBLIGATION_TABLE | 1],
      [7, 0],
    ]);
  });

  it("joins an equal one instead of adding another", () => {
    const made = running();
    const frame = made.map(A, 6, 1);
    made.clear(A, 6, 1);
    made.invalidate(0, A, Scope.LEAF, 6, 8);
    made.mapFrame(A, 6, 1, frame);
    made.clear(A, 6, 1);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b011]);
    expect(made.rest(frame, Rest.STALE)).toBe(1);
  });

  it("is another one when the frame has been freed in between (F2)", () => {
    const made = running();
    const frame = made.map(A, 6, 1);
    made.clear(A, 6, 1);
    made.core.release(frame);
    expect(made.map(A, 6, 1)).toBe(frame);
    made.clear(A, 6, 1);
    expect(made.owed()).toHaveLength(2);
    expect(made.rest(frame, Rest.STALE)).toBe(2);
  });

  it("that finds no room is counted: the verdict is bounded", () => {
    const made = running({ obligations: 1 });
    made.map(A, 4, 1);
    made.map(A, 6, 1);
    made.clear(A, 4, 1);
    made.clear(A, 6, 1);
    expect(made.machine.tally(Tally.OVERFLOW)).toBe(1);
    expect(made.owed()).toHaveLength(1);
  });
});

describe("a shared table", () => {
  it("makes every mm that reaches it owe a leaf, each at its own address (G2)", () => {
    const made = shared();
    made.clear(B, 10, 1);
    expect(made.owed()).toEqual([
      { mm: A, start: 6, level: 1, frame: made.pages[1], holders: 0b011, flags: 0 },
      { mm: B, start: 10, level: 1, frame: made.pages[1], holders: 0b100, flags: 0 },
    ]);
  });

  it("can be reached twice by one mm", () => {
    const made = shared();
    made.vma(A, 12, 16);
    made.share(A, 12, made.table);
    made.clear(B, 8, 1);
    expect(made.owed().map(({ mm, start }) => [mm, start])).toEqual([
      [A, 4],
      [B, 8],
      [A, 12],
    ]);
  });

  it("makes only the mm owe that lets go of it", () => {
    const made = shared();
    made.clear(A, 4, 2);
    expect(made.owed().map(({ mm, level }) => [mm, level])).toEqual([
      [A, POINTER],
      [A, 1],
      [A, 1],
    ]);
  });

  it("is still reached through a pointer that was not flushed: the seed's bug (G2, VIA_WALK)", () => {
    const made = shared();
    made.clear(A, 4, 2);
    made.clear(B, 8, 1);
    const viaWalk = made.owed().filter(({ flags }) => (flags & ObligationFlag.VIA_WALK) !== 0);
    expect(viaWalk).toEqual([
      { mm: A, start: 4, level: 1, frame: made.pages[0], holders: 0b011, flags: ObligationFlag.VIA_WALK },
    ]);
    expect(made.owed().some(({ mm, start, flags }) => mm === B && start === 8 && flags === 0)).toBe(true);
  });

  it("is not reached any more once the pointer has been flushed (G2)", () => {
    const made = shared();
    made.clear(A, 4, 2);
    for (const cpu of [0, 1]) made.invalidate(cpu, A, Scope.PATH, 4, 8);
    made.clear(B, 8, 1);
    expect(made.owed().map(({ mm }) => mm)).toEqual([B]);
  });

  it("is reached only by the CPUs that still hold the pointer (G2)", () => {
    const made = shared();
    made.clear(A, 4, 2);
    made.invalidate(0, A, Scope.PATH, 4, 8);
    made.clear(B, 8, 1);
    const viaWalk = made.owed().filter(({ flags }) => flags === ObligationFlag.VIA_WALK);
    expect(viaWalk.map(({ holders }) => holders)).toEqual([0b010]);
  });

  it("is another table after its free: a pointer to its earlier life does not reach it (F2)", () => {
    const made = shared();
    made.clear(A, 4, 2);
    made.clear(B, 8, 2);
    made.core.release(made.table);
    made.map(B, 8, 1);
    expect(made.tableOf(B, 8, 1)).toBe(made.table);
    made.clear(B, 8, 1);
    expect(made.owed().filter(({ flags }) => (flags & ObligationFlag.VIA_WALK) !== 0)).toEqual([]);
  });
});

describe("what a stale pointer may have filled (G4)", () => {
  /** A has let go of the shared table; its leaves were flushed, the pointer was not. */
  function pointerLeft(): ReturnType<typeof shared> {
    const made = shared();
    made.clear(A, 4, 2);
    for (const cpu of [0, 1]) made.invalidate(cpu, A, Scope.LEAF, 4, 8);
    expect(made.owed().map(({ level }) => level)).toEqual([POINTER]);
    return made;
  }

  it("is owed as soon as the pointer goes and the leaf does not go with it", () => {
    const made = pointerLeft();
    made.invalidate(0, A, Scope.PATH, 4, 6);
    expect(made.owed()).toEqual([
      { mm: A, start: 4, level: POINTER, frame: made.table, holders: 0b010, flags: 0 },
      { mm: A, start: 6, level: 1, frame: made.pages[1], holders: 0b001, flags: ObligationFlag.VIA_WALK },
    ]);
  });

  it("goes with the pointer when the invalidation reaches both", () => {
    const made = pointerLeft();
    for (const cpu of [0, 1]) made.invalidate(cpu, A, Scope.PATH, 4, 8);
    expect(made.owed()).toEqual([]);
  });

  it("is owed on x86 as well: INVLPG elsewhere takes the pointer alone", () => {
    const made = pointerLeft();
    made.invalidate(0, A, Scope.ALL_WALK, 12, 13);
    const leaves = made.owed().filter(({ level }) => level === 1);
    expect(leaves.map(({ start, holders }) => [start, holders])).toEqual([
      [4, 0b001],
      [6, 0b001],
    ]);
  });

  it("is what another mm has mapped in the table since, too", () => {
    const made = pointerLeft();
    made.core.writeEntry(made.slot(B, 10, 1), 0);
    const fresh = made.map(B, 10, 1);
    made.invalidate(1, A, Scope.PATH, 4, 6);
    expect(made.owed().map(({ start, frame, holders }) => [start, frame, holders])).toContainEqual([6, fresh, 0b010]);
  });

  it("is not owed twice", () => {
    const made = shared();
    made.clear(A, 4, 2);
    for (const cpu of [0, 1]) made.invalidate(cpu, A, Scope.PATH, 4, 6);
    expect(made.owed()).toEqual([{ mm: A, start: 6, level: 1, frame: made.pages[1], holders: 0b011, flags: 0 }]);
  });

  it("is owed after a broadcast for every CPU that held the pointer", () => {
    const made = pointerLeft();
    made.core.issued(0, A, Scope.PATH, 0, 4n, 6n);
    made.core.completed(0, A, Scope.PATH, 0, 4n, 6n, 0);
    expect(made.owed().map(({ start, holders }) => [start, holders])).toEqual([[6, 0b011]]);
  });

  it("is nothing when the table has been freed since: that was the violation", () => {
    const made = pointerLeft();
    made.core.writeEntry(made.slot(B, 8, 2), 0);
    made.core.release(made.table);
    made.invalidate(0, A, Scope.PATH, 4, 6);
    expect(made.owed().map(({ level }) => level)).toEqual([POINTER]);
  });
});

describe("the discharge of an obligation", () => {
  it("takes the CPU that completed a covering invalidation, and forgets the obligation after the last one", () => {
    const made = running();
    const frame = made.map(A, 6, 1);
    made.clear(A, 6, 1);
    made.invalidate(1, A, Scope.LEAF, 6, 8);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b001]);
    made.invalidate(0, A, Scope.LEAF, 6, 8);
    expect(made.owed()).toEqual([]);
    expect(made.rest(frame, Rest.STALE)).toBe(0);
  });

  it("needs the right mm, an overlap and the level of the hint", () => {
    const made = running();
    made.map(A, 6, 1);
    made.clear(A, 6, 1);
    made.invalidate(0, B, Scope.CONTEXT);
    made.invalidate(0, A, Scope.LEAF, 4, 6);
    made.invalidate(0, A, Scope.LEAF, 8, 16);
    made.invalidate(0, A, Scope.LEAF, 6, 8, 1);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b011]);
    made.invalidate(0, A, Scope.LEAF, 7, 8, 2);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b010]);
  });

  const pointerRows = [
    [Scope.LEAF, 4, 8, false],
    [Scope.PATH, 8, 12, false],
    [Scope.PATH, 7, 8, true],
    [Scope.ALL_WALK, 12, 13, true],
    [Scope.CONTEXT, 0, 0, true],
  ] as const;
  for (const [scope, from, to, isGone] of pointerRows) {
    it(`of a pointer ${isGone ? "happens" : "does not happen"} with scope ${scope} over [${from}, ${to})`, () => {
      const made = running({ obligations: 4 });
      made.map(A, 4, 1);
      made.clear(A, 4, 2);
      made.invalidate(0, A, scope, from, to);
      const pointer = made.owed().find(({ level }) => level === POINTER);
      expect(pointer?.holders).toBe(isGone ? 0b010 : 0b011);
    });
  }

  it("is not brought by a flush that came before the clear", () => {
    const made = running();
    made.map(A, 6, 1);
    for (const cpu of [0, 1]) made.invalidate(cpu, A, Scope.CONTEXT);
    made.clear(A, 6, 1);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b011]);
  });

  it("of a broadcast comes when its issuer has waited, for every CPU at once", () => {
    const made = running();
    made.map(A, 6, 1);
    made.clear(A, 6, 1);
    made.core.issued(0, A, Scope.LEAF, 0, 6n, 8n);
    expect(made.owed()).toHaveLength(1);
    made.core.completed(1, A, Scope.LEAF, 0, 0n, 0n, 0);
    expect(made.owed()).toHaveLength(1);
    made.core.completed(0, A, Scope.LEAF, 0, 0n, 0n, 0);
    expect(made.owed()).toEqual([]);
  });

  it("is not brought by a broadcast that was issued before the clear (G3)", () => {
    const made = running();
    made.map(A, 6, 1);
    made.core.issued(0, A, Scope.CONTEXT, 0, 0n, 0n);
    made.clear(A, 6, 1);
    made.core.completed(0, A, Scope.LEAF, 0, 0n, 0n, 0);
    expect(made.owed()).toHaveLength(1);
  });

  it("is not brought by a broadcast that was issued before the entry was made and cleared again (G3)", () => {
    const made = running();
    const frame = made.map(A, 6, 1);
    made.clear(A, 6, 1);
    made.core.issued(0, A, Scope.LEAF, 0, 6n, 8n);
    made.mapFrame(A, 6, 1, frame);
    made.clear(A, 6, 1);
    made.core.completed(0, A, Scope.LEAF, 0, 0n, 0n, 0);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b011]);
  });

  it("leaves the others in place when one from the middle goes", () => {
    const made = running();
    for (const vpn of [4, 6, 8]) made.map(A, vpn, 1);
    for (const vpn of [4, 6, 8]) made.clear(A, vpn, 1);
    for (const cpu of [0, 1]) made.invalidate(cpu, A, Scope.LEAF, 6, 8);
    expect(made.owed().map(({ start }) => start)).toEqual([4, 8]);
  });
});

describe("what an mm owes in a range", () => {
  it("is found by overlap, and only while a usable CPU holds it", () => {
    const made = running();
    made.map(A, 6, 1);
    made.clear(A, 6, 1);
    const finds = (start: number, end: number, usable = 0b111) =>
      made.core.owedIn(A, BigInt(start), BigInt(end), usable) !== 0;
    expect([finds(0, 6), finds(7, 8), finds(8, 16), finds(0, 16)]).toEqual([false, true, false, true]);
    expect(made.core.owedIn(B, 0n, 16n, 7)).toBe(0);
    expect(finds(0, 16, 0b100)).toBe(false);
  });

  it("does not depend on which CPU asks: the hardware's tables decide, not mm_cpumask", () => {
    const made = running();
    made.map(A, 6, 1);
    made.put(made.machine.mm(A) + Mm.CPUMASK, 0);
    made.clear(A, 6, 1);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b011]);
    expect(made.get(made.machine.cpu(0) + Cpu.LOADED_MM)).toBe(A + 1);
    expect(made.get(made.slot(A, 6, 1)) & Entry.PRESENT).toBe(0);
  });
});
