import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Mm } from "../../../assembly/abi/records.js";
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
