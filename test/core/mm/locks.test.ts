import { describe, expect, it } from "vitest";
import { Fault, Status } from "../../../assembly/abi/events.js";
import { LockRef, Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Cpu, Mm, Rest } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { Kind, Pool, type Rig, rig } from "../harness.js";
import { load, step } from "../ops.js";

/** Two tasks of mm 0 that mean the same mm, file, VMA and tables. */
function made(): Rig {
  const rigged = rig({ files: 2 });
  const vma = rigged.vma(0, 4, 8);
  const tables = [1, 2].map(() => rigged.core.allocate(Pool.TABLE, Kind.TABLE, 1)) as [number, number];
  for (const task of [0, 1]) {
    rigged.set(
      { [Reg.MM]: 0, [Reg.FILE]: 0, [Reg.VMA]: rigged.vmaNumber(vma), [Reg.TABLE]: tables[0], [Reg.TMP]: tables[1] },
      task,
    );
  }
  return rigged;
}

const REFS = [
  LockRef.MMAP,
  LockRef.I_MMAP,
  LockRef.FAULT,
  LockRef.VMA,
  LockRef.PTL,
  LockRef.PAGE_TABLE,
  LockRef.NEW_PTL,
] as const;

describe("a lock", () => {
  it("is one word of the record that it belongs to, and each is another one", () => {
    const rigged = made();
    const words = REFS.map((ref) => rigged.lock(ref));
    expect(new Set(words).size).toBe(REFS.length);
    expect(rigged.lock(LockRef.MMAP)).toBe(rigged.machine.mm(0) + Mm.MMAP_LOCK);
    expect(rigged.lock(LockRef.PTL)).toBe(rigged.machine.rest(rigged.register(Reg.TABLE)) + Rest.LOCK);
    expect(rigged.lock(LockRef.NEW_PTL)).toBe(rigged.machine.rest(rigged.register(Reg.TMP)) + Rest.LOCK);
    expect(rigged.lock(LockRef.NONE)).toBe(0);
  });

  for (const ref of REFS) {
    it(`${ref} keeps a writer alone and lets readers share`, () => {
      const rigged = made();
      const lock = rigged.lock(ref);
      rigged.core.acquire(rigged.task(0), lock, 1, 1);
      expect([rigged.core.available(lock, 0), rigged.core.available(lock, 1)]).toEqual([0, 0]);
      rigged.core.unlock(rigged.task(0), lock, 1);
      rigged.core.acquire(rigged.task(0), lock, 0, 1);
      expect([rigged.core.available(lock, 0), rigged.core.available(lock, 1)]).toEqual([1, 0]);
      rigged.core.acquire(rigged.task(1), lock, 0, 1);
      rigged.core.unlock(rigged.task(0), lock, 1);
      expect(rigged.core.available(lock, 1)).toBe(0);
      rigged.core.unlock(rigged.task(1), lock, 1);
      expect(rigged.core.available(lock, 1)).toBe(1);
      expect(rigged.violations()).toEqual([]);
    });
  }

  it("knows who holds it and how", () => {
    const rigged = made();
    const lock = rigged.lock(LockRef.VMA);
    rigged.core.acquire(rigged.task(0), lock, 0, 3);
    const asked = [0, 1].flatMap((task) => [0, 1].map((write) => rigged.core.isHeld(rigged.task(task), lock, write)));
    expect(asked).toEqual([1, 0, 0, 0]);
  });

  it("goes from write to read without a moment in between", () => {
    const rigged = made();
    const lock = rigged.lock(LockRef.MMAP);
    rigged.core.acquire(rigged.task(0), lock, 1, 1);
    rigged.core.downgrade(rigged.task(0), lock);
    expect(rigged.core.isHeld(rigged.task(0), lock, 0)).toBe(1);
    expect([rigged.core.available(lock, 0), rigged.core.available(lock, 1)]).toEqual([1, 0]);
  });
});

describe("LOCK_NOT_HELD", () => {
  it("is a step that needs a lock for write and has it not, or only for read", () => {
    const rigged = made();
    const lock = rigged.lock(LockRef.I_MMAP);
    rigged.core.acquire(rigged.task(0), lock, 1, 4);
    rigged.core.mustHold(rigged.task(0), LockRef.I_MMAP, 1);
    rigged.core.mustHold(rigged.task(0), LockRef.NONE, 1);
    expect(rigged.violations()).toEqual([]);
    rigged.core.downgrade(rigged.task(0), lock);
    rigged.core.mustHold(rigged.task(0), LockRef.I_MMAP, 1);
    expect(rigged.violations()).toEqual([Fault.LOCK_NOT_HELD]);
  });

  it("is a task that drops what another one holds; the lock stays as it is", () => {
    const rigged = made();
    const lock = rigged.lock(LockRef.I_MMAP);
    rigged.core.acquire(rigged.task(0), lock, 1, 4);
    rigged.core.unlock(rigged.task(1), lock, 4);
    expect(rigged.violations()).toEqual([Fault.LOCK_NOT_HELD]);
    expect(rigged.core.isHeld(rigged.task(0), lock, 1)).toBe(1);
  });
});

describe("LOCK_ORDER", () => {
  const rows = [
    [[1, 4, 6], false],
    [[6, 6], false],
    [[4, 1], true],
    [[6, 4], true],
  ] as const;
  for (const [ranks, isViolation] of rows) {
    it(`is ${isViolation ? "" : "not "}there for ranks ${ranks.join(", ")}`, () => {
      const rigged = made();
      ranks.forEach((rank, i) => {
        rigged.core.acquire(rigged.task(), rigged.lock(REFS[i] as LockRef), 1, rank);
      });
      expect(rigged.violations()).toEqual(isViolation ? [Fault.LOCK_ORDER] : []);
    });
  }

  it("is not there for a trylock, which never waits", () => {
    const rigged = made();
    rigged.core.acquire(rigged.task(), rigged.lock(LockRef.PTL), 1, 6);
    rigged.core.take(rigged.task(), rigged.lock(LockRef.I_MMAP), 1, 4);
    expect(rigged.violations()).toEqual([]);
  });

  it("forgets a rank when its lock is dropped", () => {
    const rigged = made();
    rigged.core.acquire(rigged.task(), rigged.lock(LockRef.PTL), 1, 6);
    rigged.core.unlock(rigged.task(), rigged.lock(LockRef.PTL), 6);
    rigged.core.acquire(rigged.task(), rigged.lock(LockRef.I_MMAP), 1, 4);
    expect(rigged.violations()).toEqual([]);
    expect(rigged.get(rigged.task() + Task.RANKS)).toBe(1 << 4);
  });
});

describe("a task at a lock (S1)", () => {
  const RANK = 3;

  it("waits at hugetlb's vma_lock until the writer has dropped it", () => {
    const rigged = made();
    for (const task of [0, 1]) {
      load(rigged, task, [
        [Op.LOCK_WRITE, LockRef.VMA, RANK],
        [Op.UNLOCK, LockRef.VMA, RANK],
      ]);
    }
    const { call } = rigged.machine.core;
    step(rigged, 0);
    expect(call.enabledMask()).toBe(0b01n);
    step(rigged, 0);
    expect(call.enabledMask()).toBe(0b11n);
    step(rigged, 1);
    expect(rigged.core.isHeld(rigged.task(1), rigged.lock(LockRef.VMA), 1)).toBe(1);
    expect(rigged.violations()).toEqual([]);
  });

  it("reads vma_lock together with other readers, and a trylock for write fails", () => {
    const rigged = made();
    load(rigged, 0, [[Op.LOCK_READ, LockRef.VMA, RANK]]);
    load(rigged, 1, [
      [Op.TRYLOCK_WRITE, LockRef.VMA, RANK, Reg.FORCE_FLUSH],
      [Op.LOCK_READ, LockRef.VMA, RANK],
    ]);
    step(rigged, 0);
    step(rigged, 1);
    expect(rigged.register(Reg.FORCE_FLUSH, 1)).toBe(0);
    step(rigged, 1);
    const lock = rigged.lock(LockRef.VMA);
    expect([0, 1].map((task) => rigged.core.isHeld(rigged.task(task), lock, 0))).toEqual([1, 1]);
  });

  it("is deadlocked when each waits for what the other holds, and not when both take the same order", () => {
    const orders = (second: readonly [LockRef, LockRef]): Rig => {
      const rigged = made();
      const both = [[LockRef.PTL, LockRef.NEW_PTL] as const, second];
      both.forEach(([first, then], task) => {
        load(rigged, task, [
          [Op.LOCK_WRITE, first, 6],
          [Op.LOCK_WRITE, then, 6],
          [Op.UNLOCK, then, 6],
          [Op.UNLOCK, first, 6],
        ]);
      });
      step(rigged, 0);
      if (second[0] === LockRef.NEW_PTL) step(rigged, 1);
      return rigged;
    };
    const crossed = orders([LockRef.NEW_PTL, LockRef.PTL]);
    expect(crossed.machine.core.call.enabledMask()).toBe(0n);
    expect(crossed.machine.core.call.runAlone(0, 10)).toBe(Status.DEADLOCKED);
    expect(crossed.violations()).toEqual([Fault.DEADLOCK]);
    const straight = orders([LockRef.PTL, LockRef.NEW_PTL]);
    expect(straight.machine.core.call.enabledMask()).toBe(0b01n);
    expect(straight.get(straight.machine.cpu(0) + Cpu.PENDING)).toBe(0);
  });
});
