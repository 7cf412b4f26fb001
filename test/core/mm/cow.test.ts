import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Entry, Mm, Rest } from "../../../assembly/abi/records.js";
import { type Rig, rig } from "../harness.js";
import { load, step } from "../ops.js";

/** A page of mm 0 that CPU1 may have cached as writable. */
function mapped(): { made: Rig; page: number } {
  const made = rig({ backend: "precise" });
  made.core.loadMm(1, 0);
  const page = made.map(0, 4, 0, Entry.WRITE | Entry.DIRTY);
  made.put(made.machine.rest(page) + Rest.VALUE, 7);
  return { made, page };
}

function copy(made: Rig, page: number): void {
  made.set({ [Reg.MM]: 0, [Reg.PAGE]: page });
  load(made, 0, [[Op.COPY_PAGE]]);
  step(made, 0);
}

function protect(made: Rig): void {
  const slot = made.slot(0, 4, 0);
  made.core.rightsLost(0, 4n, 0, made.tableOf(0, 4, 0), slot, 0);
  made.put(slot, made.get(slot) & ~2);
}

describe("a page that is copied", () => {
  it("has a copy with what it had, and stays in INDEX", () => {
    const { made, page } = mapped();
    copy(made, page);
    expect(made.register(Reg.INDEX)).toBe(page);
    expect(made.rest(made.register(Reg.PAGE), Rest.VALUE)).toBe(7);
    expect(made.violations()).toEqual([]);
  });

  it("is a lost write when a CPU still has the right that the tables no longer give", () => {
    const { made, page } = mapped();
    protect(made);
    copy(made, page);
    expect(made.violations()).toEqual([Fault.WRITE_LOST]);
  });

  it("is none once that CPU has invalidated", () => {
    const { made, page } = mapped();
    protect(made);
    made.invalidate(1, 0, 0, 4, 5);
    copy(made, page);
    expect(made.violations()).toEqual([]);
  });
});

describe("a pending flush", () => {
  it("is an open gather of the mm", () => {
    const { made } = mapped();
    made.put(made.machine.mm(0) + Mm.FLUSH_PENDING, 2);
    made.set({ [Reg.MM]: 0 });
    load(made, 0, [[Op.FLUSH_PENDING, Reg.TMP]]);
    step(made, 0);
    expect(made.register(Reg.TMP)).toBe(2);
  });
});
