import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { Reg, Scope } from "../../../assembly/abi/operands.js";
import { Entry, Frame, OWNER_FILE, Rest } from "../../../assembly/abi/records.js";
import { Gather } from "../../../assembly/abi/tasks.js";
import { Kind, Pool, type Rig, rig } from "../harness.js";

const A = 0;
const STORABLE = Entry.WRITE | Entry.DIRTY;

/** CPU0 and CPU1 run A, which maps a page of file 0 at 0 with `flags`; task 0 has it in PAGE. */
function written(flags: number): Rig & { page: number } {
  const made = rig({ baseFrames: 4 });
  made.core.loadMm(0, A);
  made.core.loadMm(1, A);
  made.core.setCurrent(0, 0);
  const page = made.core.allocate(Pool.BASE, Kind.PAGE, OWNER_FILE);
  made.mapFrame(A, 0, 0, page, flags);
  made.put(made.machine.rest(page) + Rest.VALUE, 7);
  made.set({ [Reg.MM]: A, [Reg.PAGE]: page });
  return Object.assign(made, { page });
}

describe("write-back", () => {
  it("takes the content, and the mark once", () => {
    const made = written(STORABLE);
    made.core.markDirty(made.task(), Entry.DIRTY);
    expect(made.core.clearDirty(made.task())).toBe(1);
    expect(made.core.clearDirty(made.task())).toBe(0);
    made.core.writeOut(made.task());
    expect(made.rest(made.page, Rest.SAVED)).toBe(7);
    expect(made.violations()).toEqual([]);
  });

  it("does not mark a page whose entry was clean", () => {
    const made = written(Entry.WRITE);
    made.core.markDirty(made.task(), Entry.WRITE);
    expect(made.rest(made.page, Rest.DIRTY)).toBe(0);
  });

  it("loses what a CPU stores through a dirty entry that was cleared and not flushed (I6)", () => {
    const made = written(STORABLE);
    made.clear(A, 0, 0);
    made.core.writeOut(made.task());
    expect(made.violations()).toEqual([Fault.WRITE_LOST]);
  });

  it("loses nothing when every CPU was flushed, when the entry was clean, or when the page is still dirty", () => {
    const flushed = written(STORABLE);
    flushed.clear(A, 0, 0);
    for (const cpu of [0, 1]) flushed.invalidate(cpu, A, Scope.CONTEXT);
    const clean = written(Entry.WRITE);
    clean.clear(A, 0, 0);
    const dirty = written(STORABLE);
    dirty.clear(A, 0, 0);
    dirty.core.markDirty(dirty.task(), Entry.DIRTY);
    for (const made of [flushed, clean, dirty]) {
      made.core.writeOut(made.task());
      expect(made.violations()).toEqual([]);
    }
  });

  it("sees a map count until the flush is done, when it was asked for that (W1)", () => {
    const made = written(STORABLE);
    made.put(made.machine.frame(made.page) + Frame.MAPS, 1);
    made.core.gatherStart(made.task(), 0);
    made.set({ [Reg.ADDRESS]: 0, [Reg.LAST]: 2 });
    made.core.zapPtes(made.task(), 8, 1);
    expect([made.frame(made.page, Frame.MAPS), made.rest(made.page, Rest.DIRTY)]).toEqual([1, 1]);
    made.core.flushRmaps(made.task());
    expect(made.frame(made.page, Frame.MAPS)).toBe(0);
    expect(made.get(made.core.gatherOf(made.task()) + Gather.WORDS)).toBe(made.page);
  });
});
