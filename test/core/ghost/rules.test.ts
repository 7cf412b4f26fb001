import { describe, expect, it } from "vitest";
import { Fault, Hidden } from "../../../assembly/abi/events.js";
import { Scope } from "../../../assembly/abi/operands.js";
import { Mm, Tally } from "../../../assembly/abi/records.js";
import { OBLIGATION_TABLE, ObligationFlag } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const A = 0;
const B = 1;
/** Any word can play a lock. */
const LOCK = 17;
const OTHER_LOCK = 18;

/** CPU0 and CPU1 run A, CPU2 runs B; A has a huge page at 6, which has just been cleared. */
function cleared(options: RigOptions = {}, guard = 0): Rig & { page: number } {
  const made = rig(options);
  made.core.loadMm(0, A);
  made.core.loadMm(1, A);
  made.core.loadMm(2, B);
  made.core.setCurrent(0, 0);
  const page = made.map(A, 6, 1);
  made.clear(A, 6, 1, guard);
  return Object.assign(made, { page });
}

/** The same, but the whole table at [4, 8) was let go. */
function unhooked(options: RigOptions = {}, guard = 0): Rig & { table: number; page: number } {
  const made = rig(options);
  made.core.loadMm(0, A);
  made.core.loadMm(1, A);
  made.core.setCurrent(0, 0);
  const page = made.map(A, 6, 1);
  const table = made.tableOf(A, 6, 1);
  made.clear(A, 6, 2, guard);
  return Object.assign(made, { table, page });
}

function flushAll(made: Rig): void {
  for (const cpu of [0, 1, 2]) made.invalidate(cpu, A, Scope.CONTEXT);
}

describe("STALE_TRANSLATION", () => {
  it("is a frame that is freed while a CPU in user mode may hold its translation", () => {
    const made = cleared();
    made.core.frameFreed(made.page);
    expect(made.violations()).toEqual([Fault.STALE_TRANSLATION]);
    expect(made.machine.violations()[0]).toMatchObject({ mm: A, start: 6, level: 1, frame: made.page, holders: 0b011 });
  });

  it("is not there after a flush, nor for a frame that nobody owes", () => {
    const made = cleared();
    const other = made.map(A, 8, 1);
    made.core.frameFreed(other);
    flushAll(made);
    made.core.frameFreed(made.page);
    expect(made.violations()).toEqual([]);
  });

  it("names only the CPUs that were not flushed", () => {
    const made = cleared();
    made.invalidate(0, A, Scope.LEAF, 6, 8);
    made.core.frameFreed(made.page);
    expect(made.machine.violations()[0]?.holders).toBe(0b010);
  });

  it("is not there for lost rights: the frame is still the same", () => {
    const made = rig();
    made.core.loadMm(0, A);
    const page = made.map(A, 6, 1);
    made.core.rightsLost(A, 6n, 1, made.tableOf(A, 6, 1), made.slot(A, 6, 1), 0);
    made.core.frameFreed(page);
    expect(made.violations()).toEqual([]);
  });

  it("is not there for the next life of the frame (F2)", () => {
    const made = cleared();
    made.core.release(made.page);
    made.core.frameFreed(made.page);
    expect(made.violations()).toEqual([]);
  });

  it("is not there for a lazy CPU: it makes no access of its own", () => {
    const made = cleared();
    for (const cpu of [0, 1]) made.core.goLazy(cpu);
    made.core.frameFreed(made.page);
    expect(made.violations()).toEqual([]);
  });
});

describe("STALE_WALK", () => {
  it("is a table that is freed while a CPU may hold the pointer to it", () => {
    const made = unhooked();
    made.core.frameFreed(made.table);
    expect(made.violations()).toEqual([Fault.STALE_WALK]);
  });

  it("is not there when the path was invalidated, and is when only leaves were", () => {
    const clean = unhooked();
    for (const cpu of [0, 1]) clean.invalidate(cpu, A, Scope.PATH, 4, 8);
    clean.core.frameFreed(clean.table);
    expect(clean.violations()).toEqual([]);
    const leafOnly = unhooked();
    for (const cpu of [0, 1]) leafOnly.invalidate(cpu, A, Scope.LEAF, 4, 8);
    leafOnly.core.frameFreed(leafOnly.page);
    expect(leafOnly.violations()).toEqual([]);
    leafOnly.core.frameFreed(leafOnly.table);
    expect(leafOnly.violations()).toEqual([Fault.STALE_WALK]);
  });

  it("counts lazy CPUs: they walk speculatively", () => {
    const made = unhooked();
    for (const cpu of [0, 1]) made.core.goLazy(cpu);
    made.core.frameFreed(made.table);
    expect(made.machine.violations()).toMatchObject([{ kind: Fault.STALE_WALK, holders: 0b011 }]);
  });

  it("is also a page that is freed while a CPU can reach it through a stale pointer", () => {
    const made = rig();
    made.core.loadMm(0, A);
    made.vma(B, 8, 12);
    const page = made.map(A, 6, 1);
    made.share(B, 8, made.tableOf(A, 6, 1));
    made.clear(A, 6, 2);
    made.invalidate(0, A, Scope.LEAF, 4, 8);
    made.clear(B, 10, 1);
    made.core.frameFreed(page);
    expect(made.machine.violations()).toMatchObject([{ kind: Fault.STALE_WALK, mm: A, start: 6, holders: 1 }]);
  });
});

describe("a latent holder", () => {
  /** CPU0 and CPU1 have switched to B and keep A's entry under A's PCID; then the frame is freed. */
  function latent(): Rig {
    const made = cleared();
    for (const cpu of [0, 1]) made.core.loadMm(cpu, B);
    made.core.frameFreed(made.page);
    return made;
  }

  it("cannot use its entry while another mm is loaded: no violation, but the obligation is marked FREED", () => {
    const made = latent();
    expect(made.violations()).toEqual([]);
    expect(made.owed()).toMatchObject([{ holders: 0b011, flags: ObligationFlag.FREED }]);
  });

  it("becomes a violation when it loads the mm again without a flush", () => {
    const made = latent();
    made.core.loadMm(1, A);
    expect(made.machine.violations()).toMatchObject([{ kind: Fault.STALE_TRANSLATION, holders: 0b010 }]);
  });

  it("does not when the switch back flushes, because a generation was missed", () => {
    const made = latent();
    made.put(made.machine.mm(A) + Mm.TLB_GENERATION, 1);
    made.core.loadMm(0, A);
    made.core.loadMm(1, A);
    expect(made.violations()).toEqual([]);
    expect(made.owed()).toEqual([]);
  });

  it("does not without PCID: every switch flushes", () => {
    const made = cleared({ pcid: false });
    for (const cpu of [0, 1]) made.core.loadMm(cpu, B);
    expect(made.owed()).toEqual([]);
    made.core.frameFreed(made.page);
    made.core.loadMm(0, A);
    expect(made.violations()).toEqual([]);
  });

  it("is no violation when only the guard is dropped", () => {
    const made = cleared({}, LOCK);
    for (const cpu of [0, 1]) made.core.loadMm(cpu, B);
    made.core.guardDropped(LOCK);
    expect(made.violations()).toEqual([]);
  });
});

describe("FLUSH_AFTER_UNLOCK", () => {
  it("is a guard that is dropped while a CPU holds what it guards", () => {
    const made = unhooked({}, LOCK);
    made.core.guardDropped(LOCK);
    expect(made.violations()).toEqual([Fault.FLUSH_AFTER_UNLOCK]);
  });

  it("is not there after the flush, nor for another lock", () => {
    const made = unhooked({}, LOCK);
    made.core.guardDropped(OTHER_LOCK);
    expect(made.violations()).toEqual([]);
    flushAll(made);
    made.core.guardDropped(LOCK);
    expect(made.violations()).toEqual([]);
  });

  it("counts lazy CPUs with a pointer, which may walk at any time, and not with a leaf, which nobody uses", () => {
    for (const [made, violations] of [
      [unhooked({}, LOCK), [Fault.FLUSH_AFTER_UNLOCK]],
      [cleared({}, LOCK), []],
    ] as const) {
      for (const cpu of [0, 1]) made.core.goLazy(cpu);
      made.core.guardDropped(LOCK);
      expect(made.violations()).toEqual(violations);
    }
  });

  it("is not reported again when the lock is taken and dropped by someone else", () => {
    const made = cleared({}, LOCK);
    made.core.guardDropped(LOCK);
    made.core.guardDropped(LOCK);
    expect(made.violations()).toHaveLength(1);
  });
});

describe("RANGE_NOT_RECORDED", () => {
  const rows = [
    ["a leaf that lies inside", cleared, 6, 8, 0, 0, false],
    ["a leaf inside a wider range", cleared, 0, 16, 0, 0, false],
    ["a leaf outside", cleared, 8, 16, 0, 0, true],
    ["a leaf of which half is recorded", cleared, 7, 8, 0, 0, true],
    ["a leaf outside, when the whole mm is flushed", cleared, 8, 16, 0, 1, false],
    ["a table, when tables were recorded", unhooked, 4, 8, 1, 0, false],
    ["a table, when only leaves were", unhooked, 4, 8, 0, 0, true],
  ] as const;
  for (const [what, make, from, to, tables, whole, isViolation] of rows) {
    it(`is ${isViolation ? "" : "not "}there for ${what}`, () => {
      const made = make();
      made.core.checkRecorded(A, BigInt(from), BigInt(to), tables, whole);
      expect(made.violations()).toEqual(isViolation ? [Fault.RANGE_NOT_RECORDED] : []);
    });
  }

  it("asks of a table one address on the path, of its leaves all", () => {
    const made = unhooked();
    made.core.checkRecorded(A, 7n, 8n, 1, 0);
    expect(made.machine.violations()).toMatchObject([{ kind: Fault.RANGE_NOT_RECORDED, level: 1, start: 6 }]);
  });

  it("asks each agent only for what it has cleared itself, in the mm that it flushes", () => {
    const made = cleared();
    made.core.checkRecorded(B, 8n, 16n, 0, 0);
    made.core.setCurrent(1, 0);
    made.core.checkRecorded(A, 8n, 16n, 0, 0);
    expect(made.violations()).toEqual([]);
  });
});

describe("what hides a range that was not recorded", () => {
  function discharged(make: () => Rig, scope: Scope, why: number, from = 0, to = 16): number {
    const made = make();
    made.core.checkRecorded(A, 12n, 16n, 0, 0);
    made.core.invalidated(0, A, scope, 0, BigInt(from), BigInt(to), why);
    return made.machine.tally(Tally.HIDDEN);
  }

  it("is the reason that widened the flush, or the whole mm", () => {
    expect(discharged(cleared, Scope.CONTEXT, Hidden.CEILING)).toBe(Hidden.CEILING);
    expect(discharged(cleared, Scope.CONTEXT, 0)).toBe(Hidden.WHOLE_MM);
  });

  it("is INVLPG for a pointer elsewhere, and another record for a leaf", () => {
    expect(discharged(unhooked, Scope.ALL_WALK, 0, 12, 13)).toBe(Hidden.INVLPG_WALK);
    expect(discharged(cleared, Scope.LEAF, 0, 6, 8)).toBe(Hidden.OTHER_RECORD);
  });

  it("is nothing when all was recorded", () => {
    const made = cleared();
    made.core.checkRecorded(A, 6n, 8n, 0, 0);
    flushAll(made);
    expect(made.machine.tally(Tally.HIDDEN)).toBe(0);
  });
});

describe("RIGHTS_OUTLIVE_CALL", () => {
  it("is a call that returns while a CPU may use what it took away", () => {
    const made = cleared();
    made.core.callReturned(A, 4n, 8n);
    expect(made.violations()).toEqual([Fault.RIGHTS_OUTLIVE_CALL]);
  });

  it("is there for lost rights as well", () => {
    const made = rig();
    made.core.loadMm(0, A);
    made.map(A, 6, 1);
    made.core.rightsLost(A, 6n, 1, made.tableOf(A, 6, 1), made.slot(A, 6, 1), 0);
    made.core.callReturned(A, 6n, 8n);
    expect(made.violations()).toEqual([Fault.RIGHTS_OUTLIVE_CALL]);
  });

  it("is not there after the flush, elsewhere, for an empty range, or for a CPU that is lazy", () => {
    const made = cleared();
    made.core.callReturned(A, 8n, 16n);
    made.core.callReturned(A, 8n, 4n);
    made.core.callReturned(B, 4n, 8n);
    made.core.goLazy(0);
    made.core.goLazy(1);
    made.core.callReturned(A, 4n, 8n);
    flushAll(made);
    made.core.callReturned(A, 4n, 8n);
    expect(made.violations()).toEqual([]);
  });

  it("names the wider of two entries, whichever was there first: a state is a set of obligations", () => {
    const orders = [
      [6, 4],
      [4, 6],
    ].map((order) => {
      const made = rig();
      made.core.loadMm(0, A);
      for (const at of order) made.map(A, at, 1);
      for (const at of order) made.clear(A, at, 1);
      made.core.callReturned(A, 0n, 16n);
      const reported = made.owed().filter(({ flags }) => (flags & ObligationFlag.REPORTED) !== 0);
      return reported.map(({ start, level }) => [start, level]);
    });
    expect(orders).toEqual([[[4, 1]], [[4, 1]]]);
    const both = unhooked();
    both.core.callReturned(A, 0n, 16n);
    const wide = both.owed().filter(({ flags }) => (flags & ObligationFlag.REPORTED) !== 0);
    expect(wide.map(({ level }) => level)).toEqual([2 | OBLIGATION_TABLE]);
  });
});

describe("who answers for what is owed", () => {
  it("is the call that took it away, and a call that began later, not one that ran meanwhile", () => {
    const made = cleared({ tasks: 2 });
    made.core.setCurrent(1, 0);
    made.core.callReturned(A, 4n, 8n);
    expect(made.violations()).toEqual([]);
    made.core.callBegins(1, A);
    made.core.callReturned(A, 4n, 8n);
    expect(made.violations()).toEqual([Fault.RIGHTS_OUTLIVE_CALL]);
  });

  it("is nobody once the call has ended, although the entry is still owed", () => {
    const made = cleared();
    made.core.callEnds(0);
    made.core.callReturned(A, 4n, 8n);
    expect(made.violations()).toEqual([]);
    expect(made.owed()).not.toEqual([]);
  });
});

describe("a violation", () => {
  it("is written down once per kind and run, in the order of occurrence", () => {
    const made = cleared({}, LOCK);
    made.core.guardDropped(LOCK);
    made.core.frameFreed(made.page);
    made.core.callReturned(A, 4n, 8n);
    made.core.frameFreed(made.page);
    expect(made.violations()).toEqual([Fault.FLUSH_AFTER_UNLOCK, Fault.STALE_TRANSLATION, Fault.RIGHTS_OUTLIVE_CALL]);
  });
});
