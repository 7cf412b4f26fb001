import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { LockRef, Reg } from "../../../assembly/abi/operands.js";
import { Entry } from "../../../assembly/abi/records.js";
import { type Rig, rig } from "../harness.js";

const A = 0;
const [PRESENT, DIRTY] = [1, 2];

/** A on CPU0, and a move of [from, to) to `at` under the lock of the new table. */
function moving(from: number, end: number, at: number): Rig {
  const made = rig({ baseFrames: 4 });
  made.core.loadMm(0, A);
  made.core.setCurrent(0, 0);
  made.core.allocTables(A, BigInt(at), 0);
  made.set({ [Reg.MM]: A, [Reg.ADDRESS]: from, [Reg.END]: end, [Reg.INDEX]: at });
  made.set({ [Reg.TMP]: made.tableOf(A, at, 0) });
  return made;
}

describe("move_ptes", () => {
  it("goes as far as the old table and the new one both reach", () => {
    const made = moving(0, 4, 9);
    made.core.moveExtent(made.task());
    expect(made.register(Reg.LAST)).toBe(1);
    made.set({ [Reg.INDEX]: 8 });
    made.core.moveExtent(made.task());
    expect(made.register(Reg.LAST)).toBe(2);
    made.set({ [Reg.END]: 1 });
    made.core.moveExtent(made.task());
    expect(made.register(Reg.LAST)).toBe(1);
  });

  it("moves entries as they are and owes the old place, guarded by the lock of the new table (I3, I9)", () => {
    const made = moving(0, 2, 8);
    const frame = made.map(A, 1, 0, Entry.WRITE | Entry.DIRTY);
    const old = made.get(made.slot(A, 1, 0));
    made.set({ [Reg.LAST]: 2 });
    const lock = made.lock(LockRef.NEW_PTL);
    made.core.take(made.task(), lock, 1, 6);
    expect(made.core.movePtes(made.task(), LockRef.NEW_PTL)).toBe(PRESENT | DIRTY);
    expect([made.get(made.slot(A, 1, 0)), made.get(made.slot(A, 9, 0))]).toEqual([0, old]);
    expect(made.owed()).toMatchObject([{ mm: A, start: 1, level: 0, frame }]);
    made.core.unlock(made.task(), lock, 6);
    expect(made.violations()).toEqual([Fault.FLUSH_AFTER_UNLOCK]);
  });

  it("needs that lock", () => {
    const made = moving(0, 2, 8);
    made.map(A, 0, 0);
    made.set({ [Reg.LAST]: 2 });
    made.core.movePtes(made.task(), LockRef.NEW_PTL);
    expect(made.violations()).toEqual([Fault.LOCK_NOT_HELD]);
  });
});
