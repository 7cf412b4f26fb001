import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Entry, Frame, OWNER_FILE, Rest, VmaFlag } from "../../../assembly/abi/records.js";
import { Gather, GatherBit, ObligationFlag } from "../../../assembly/abi/tasks.js";
import { Kind, Pool, type Rig, type RigOptions, rig } from "../harness.js";

const A = 0;
const STORABLE = Entry.WRITE | Entry.DIRTY;
const [FULL, DIRTY] = [1, 2];
const [VISITED, CHANGED] = [1, 2];

/** CPU0 runs A; task 0 works on A with a gather open. */
function working(options: RigOptions = {}): Rig & { gather: number } {
  const made = rig({ baseFrames: 4, ...options });
  made.core.loadMm(0, A);
  made.core.setCurrent(0, 0);
  made.set({ [Reg.MM]: A });
  made.core.gatherStart(made.task(), 0);
  return Object.assign(made, { gather: made.core.gatherOf(made.task()) });
}

function zap(made: Rig, from: number, to: number, limit = 8, delay = 0): number {
  made.set({ [Reg.ADDRESS]: from, [Reg.LAST]: to });
  return made.core.zapPtes(made.task(), limit, delay);
}

/** A page of file 0, mapped by A at `vpn`. */
function filePage(made: Rig, vpn: number, flags: number): number {
  const frame = made.core.allocate(Pool.BASE, Kind.PAGE, OWNER_FILE);
  made.mapFrame(A, vpn, 0, frame, flags);
  made.put(made.machine.frame(frame) + Frame.MAPS, 1);
  return frame;
}

const queued = (made: Rig & { gather: number }, i = 0): number => made.get(made.gather + Gather.WORDS + i);

describe("zap_pte_range", () => {
  it("clears, records and queues what one table maps, and goes no further", () => {
    const made = working();
    const pages = [0, 1].map((vpn) => made.map(A, vpn, 0));
    made.map(A, 2, 0);
    expect(zap(made, 0, 16)).toBe(0);
    expect([Gather.START, Gather.END].map((field) => made.machine.long(made.gather + field))).toEqual([0, 2]);
    expect(made.get(made.gather + Gather.BITS)).toBe(GatherBit.CLEARED_0);
    expect([queued(made), queued(made, 1)]).toEqual(pages);
    expect(made.register(Reg.ADDRESS)).toBe(2);
    expect(made.owed().map(({ start }) => start)).toEqual([0, 1]);
  });

  it("passes a missing table without a step into it", () => {
    const made = working();
    made.map(A, 9, 0);
    zap(made, 0, 16);
    expect(made.register(Reg.ADDRESS)).toBeGreaterThanOrEqual(4);
    expect(made.register(Reg.ADDRESS)).toBeLessThanOrEqual(8);
    expect(made.owed()).toEqual([]);
  });

  it("stops at its limit and when the batch is full", () => {
    const made = working({ batch: 2 });
    for (const vpn of [0, 1]) made.map(A, vpn, 0);
    expect(zap(made, 0, 4, 1)).toBe(0);
    expect(made.register(Reg.ADDRESS)).toBe(1);
    expect(zap(made, 1, 4)).toBe(FULL);
    expect(made.register(Reg.ADDRESS)).toBe(2);
  });

  it("marks the page of a dirty entry dirty before the page may lose its mapping (I6)", () => {
    const made = working();
    const [dirty, clean] = [filePage(made, 0, STORABLE), filePage(made, 1, Entry.WRITE)];
    expect(zap(made, 0, 1)).toBe(DIRTY);
    expect(zap(made, 1, 2)).toBe(0);
    expect([dirty, clean].map((frame) => made.rest(frame, Rest.DIRTY))).toEqual([1, 0]);
    expect([dirty, clean].map((frame) => made.frame(frame, Frame.MAPS))).toEqual([0, 0]);
    expect(made.owed().map(({ flags }) => flags)).toEqual([ObligationFlag.STORES, 0]);
  });

  it("keeps the map count of a dirty page of a file when asked to, and of no other (delayed rmap)", () => {
    const made = working();
    const [dirty, clean] = [filePage(made, 0, STORABLE), filePage(made, 1, Entry.WRITE)];
    expect(zap(made, 0, 2, 8, 1)).toBe(DIRTY);
    expect([dirty, clean].map((frame) => made.frame(frame, Frame.MAPS))).toEqual([1, 0]);
  });

  it("leaves a driver's memory alone: no reference, no map count, nothing to free (VM_PFNMAP)", () => {
    const made = working();
    const frame = filePage(made, 0, STORABLE);
    const vma = made.vma(A, 0, 4, { flags: VmaFlag.READ | VmaFlag.WRITE | VmaFlag.PFNMAP });
    made.set({ [Reg.VMA]: made.vmaNumber(vma) });
    expect(zap(made, 0, 4)).toBe(0);
    expect(made.get(made.gather + Gather.COUNT)).toBe(0);
    expect([made.frame(frame, Frame.MAPS), made.rest(frame, Rest.DIRTY)]).toEqual([1, 0]);
    expect(made.owed()).toMatchObject([{ start: 0, frame }]);
  });
});

describe("change_pte_range", () => {
  const change = (made: Rig, prot: number): number => {
    made.set({ [Reg.ADDRESS]: 0, [Reg.LAST]: 16, [Reg.PROT]: prot });
    return made.core.protectPtes(made.task());
  };

  it("tells what it has visited and what it has changed, one table at a time", () => {
    const made = working();
    made.map(A, 1, 0, STORABLE);
    made.map(A, 9, 0, STORABLE);
    expect(change(made, VmaFlag.READ)).toBe(VISITED | CHANGED);
    expect(made.register(Reg.ADDRESS)).toBe(2);
    expect(change(made, VmaFlag.READ)).toBe(VISITED);
    expect(change(made, VmaFlag.READ | VmaFlag.WRITE)).toBe(VISITED | CHANGED);
  });

  it("owes the write right of a dirty entry only: a clean one is walked again before the first store", () => {
    const made = working();
    made.map(A, 0, 0, STORABLE);
    made.map(A, 1, 0, Entry.WRITE);
    change(made, VmaFlag.READ);
    expect(made.owed()).toMatchObject([{ start: 0, flags: ObligationFlag.RIGHTS | ObligationFlag.STORES }]);
  });
});
