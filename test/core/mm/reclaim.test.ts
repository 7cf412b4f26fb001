import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Mm } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { type Rig, rig } from "../harness.js";

const A = 0;

/** A with `asked` deferred flushes, of which `flushed` are covered. */
function owing(asked: number, flushed: number): Rig {
  const made = rig();
  made.set({ [Reg.MM]: A });
  made.put(made.machine.mm(A) + Mm.BATCH_PENDING, asked);
  made.put(made.machine.mm(A) + Mm.BATCH_FLUSHED, flushed);
  return made;
}

describe("mm->tlb_flush_batched", () => {
  it("is pending exactly while more was asked for than flushed (R1)", () => {
    for (const [asked, flushed] of [
      [0, 0],
      [2, 1],
      [2, 2],
    ] as const) {
      const made = owing(asked, flushed);
      expect(made.core.batchPending(made.task())).toBe(asked === flushed ? 0 : asked);
    }
  });

  it("as a bool forgets what came while the flush was under way (5ee2fa2f0636)", () => {
    const made = owing(2, 0);
    made.set({ [Reg.BATCH]: 1 });
    made.core.batchFlushed(made.task(), 0);
    expect(made.core.batchPending(made.task())).toBe(0);
  });

  it("as two generations keeps it", () => {
    const made = owing(2, 0);
    made.set({ [Reg.BATCH]: 1 });
    made.core.batchFlushed(made.task(), 1);
    expect(made.core.batchPending(made.task())).toBe(2);
    made.set({ [Reg.BATCH]: 2 });
    made.core.batchFlushed(made.task(), 1);
    expect(made.core.batchPending(made.task())).toBe(0);
  });

  it("is worth deferring on x86 only while another CPU runs the mm", () => {
    const made = rig();
    made.set({ [Reg.MM]: A });
    made.core.loadMm(0, A);
    const task = made.machine.task(0);
    expect(made.core.shouldDefer(task)).toBe(0);
    made.core.loadMm(1, A);
    expect(made.core.shouldDefer(task)).toBe(1);
  });
});

describe("a reclaim batch", () => {
  /** A runs on CPU1 and CPU2; CPU0 reclaims a page of it. */
  function reclaiming(backend = "x86"): Rig {
    const made = rig({ backend, baseFrames: 2 });
    made.core.loadMm(1, A);
    made.core.loadMm(2, A);
    made.core.setCurrent(0, 0);
    made.set({ [Reg.MM]: A });
    made.map(A, 0, 0);
    made.clear(A, 0, 0);
    made.core.addCpus(made.task());
    made.core.batchMark(made.task(), 1, 0);
    return made;
  }

  it("owes a flush to the mm and to the CPUs that run it until it is sent and reset", () => {
    const made = reclaiming();
    expect(made.core.batchPending(made.task())).toBe(1);
    expect([Task.BATCH_CPUS, Task.BATCH_DUE].map((field) => made.get(made.task() + field))).toEqual([6, 1]);
    made.core.batchReset(made.task());
    expect([Task.BATCH_CPUS, Task.BATCH_DUE].map((field) => made.get(made.task() + field))).toEqual([0, 0]);
  });

  it.each(["x86", "riscv"])("flushes each of them by interrupt on %s, whatever mm it names", (backend) => {
    const made = reclaiming(backend);
    made.core.batchSend(made.task());
    expect(made.owed()).toMatchObject([{ holders: 6 }]);
    made.core.handleIpi(1);
    expect(made.owed()).toMatchObject([{ holders: 4 }]);
    made.core.handleIpi(2);
    expect(made.owed()).toEqual([]);
    expect(made.core.acknowledged(0)).toBe(1);
  });

  it("flushes all of them at once with INVLPGB", () => {
    const made = reclaiming("x86-invlpgb");
    made.core.batchSend(made.task());
    expect(made.owed()).toEqual([]);
  });

  it("marks as a bool or as one generation more", () => {
    const made = reclaiming();
    made.core.batchMark(made.task(), 1, 0);
    expect(made.mm(A, Mm.BATCH_PENDING)).toBe(2);
    made.core.batchMark(made.task(), 0, 0);
    expect(made.mm(A, Mm.BATCH_PENDING)).toBe(1);
  });
});
