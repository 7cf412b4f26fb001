import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Frame, Rest } from "../../../assembly/abi/records.js";
import { Kind, Pool, type Rig, rig } from "../harness.js";

const SIGBUS = 7;

/** File 0 has two huge pages; task 0 means its page 0. */
function made(): Rig {
  const rigged = rig({ hugeFrames: 2, filePages: 2 });
  rigged.machine.setFile(0, 2, 1);
  rigged.set({ [Reg.FILE]: 0, [Reg.INDEX]: 0, [Reg.END]: 2 });
  return rigged;
}

describe("put_page", () => {
  it("frees the frame with the last reference only (F2)", () => {
    const rigged = made();
    const page = rigged.core.allocate(Pool.HUGE, Kind.PAGE, 1);
    rigged.put(rigged.machine.frame(page) + Frame.REFERENCES, 2);
    rigged.core.putPage(page);
    expect([rigged.frame(page, Frame.REFERENCES), rigged.frame(page, Frame.GENERATION)]).toEqual([1, 0]);
    rigged.core.putPage(page);
    expect([rigged.machine.kind(page), rigged.frame(page, Frame.GENERATION)]).toEqual([Kind.FREE, 1]);
    expect(rigged.violations()).toEqual([]);
  });

  const wrongs: readonly [string, (rigged: Rig) => number][] = [
    ["a reference that nobody holds", (rigged) => rigged.core.firstFrame(Pool.HUGE)],
    [
      "the last reference of a page that is mapped",
      (rigged) => {
        const page = rigged.core.allocate(Pool.HUGE, Kind.PAGE, 1);
        rigged.put(rigged.machine.frame(page) + Frame.MAPS, 1);
        return page;
      },
    ],
    [
      "the last reference of a table with live entries",
      (rigged) => {
        rigged.map(0, 4, 1);
        return rigged.tableOf(0, 4, 1);
      },
    ],
  ];
  for (const [what, prepare] of wrongs) {
    it(`of ${what} is UNBALANCED`, () => {
      const rigged = made();
      rigged.core.putPage(prepare(rigged));
      expect(rigged.violations()).toEqual([Fault.UNBALANCED]);
    });
  }
});

describe("the page cache", () => {
  it("allocates a page once, and gives each finder a reference", () => {
    const rigged = made();
    expect(rigged.core.findOrAlloc(rigged.task())).toBe(0);
    const page = rigged.register(Reg.PAGE);
    expect(rigged.core.findOrAlloc(rigged.task())).toBe(0);
    expect(rigged.register(Reg.PAGE)).toBe(page);
    expect(rigged.frame(page, Frame.REFERENCES)).toBe(3);
  });

  it("answers SIGBUS beyond the end and without memory", () => {
    const rigged = made();
    rigged.set({ [Reg.INDEX]: 2 });
    expect(rigged.core.findOrAlloc(rigged.task())).toBe(SIGBUS);
    for (let i = 0; i < 2; i++) rigged.core.allocate(Pool.HUGE, Kind.PAGE, 1);
    rigged.set({ [Reg.INDEX]: 0 });
    expect(rigged.core.findOrAlloc(rigged.task())).toBe(SIGBUS);
  });

  it("is walked page by page, and ends with page 0 at END", () => {
    const rigged = made();
    rigged.set({ [Reg.INDEX]: 1 });
    rigged.core.findOrAlloc(rigged.task());
    const page = rigged.register(Reg.PAGE);
    rigged.set({ [Reg.INDEX]: 0 });
    rigged.core.nextCached(rigged.task());
    expect([rigged.register(Reg.INDEX), rigged.register(Reg.PAGE)]).toEqual([1, page]);
    rigged.set({ [Reg.INDEX]: 2 });
    rigged.core.nextCached(rigged.task());
    expect([rigged.register(Reg.INDEX), rigged.register(Reg.PAGE)]).toEqual([2, 0]);
  });

  it("lets a page go with its own reference, and does nothing where there is none", () => {
    const rigged = made();
    rigged.core.findOrAlloc(rigged.task());
    const page = rigged.register(Reg.PAGE);
    rigged.core.putPage(page);
    rigged.core.removeFromCache(rigged.task());
    expect(rigged.machine.kind(page)).toBe(Kind.FREE);
    rigged.core.removeFromCache(rigged.task());
    expect(rigged.violations()).toEqual([]);
  });

  it("at an index that no file has is UNBALANCED, and what lies behind it stays as it is", () => {
    const rigged = made();
    rigged.vma(0, 4, 8);
    rigged.set({ [Reg.INDEX]: 2 });
    rigged.core.removeFromCache(rigged.task());
    expect(rigged.violations()).toEqual([Fault.UNBALANCED]);
    expect(rigged.machine.kind(rigged.pgd(0))).toBe(Kind.TABLE);
  });

  it("gets a fresh page with the same content by migration, and the old one is freed", () => {
    const rigged = made();
    rigged.core.findOrAlloc(rigged.task());
    const old = rigged.register(Reg.PAGE);
    rigged.core.putPage(old);
    rigged.put(rigged.machine.rest(old) + Rest.VALUE, 99);
    rigged.core.replaceInCache(rigged.task());
    rigged.core.nextCached(rigged.task());
    const fresh = rigged.register(Reg.PAGE);
    expect(fresh).not.toBe(old);
    expect([rigged.rest(fresh, Rest.VALUE), rigged.machine.kind(old)]).toEqual([99, Kind.FREE]);
  });
});

describe("map counts", () => {
  it("go up and down, and never below zero", () => {
    const rigged = made();
    const page = rigged.core.allocate(Pool.HUGE, Kind.PAGE, 1);
    rigged.set({ [Reg.PAGE]: page });
    rigged.core.rmap(rigged.task(), 1);
    expect(rigged.frame(page, Frame.MAPS)).toBe(1);
    rigged.core.rmap(rigged.task(), -1);
    expect(rigged.violations()).toEqual([]);
    rigged.core.rmap(rigged.task(), -1);
    expect([rigged.frame(page, Frame.MAPS), rigged.violations()]).toEqual([0, [Fault.UNBALANCED]]);
  });
});

describe("an anonymous page", () => {
  it("belongs to the mm, and there is SIGBUS without memory", () => {
    const rigged = rig({ baseFrames: 1 });
    rigged.set({ [Reg.MM]: 1 });
    expect(rigged.core.allocAnon(rigged.task())).toBe(0);
    expect(rigged.machine.owner(rigged.register(Reg.PAGE))).toBe(2);
    expect(rigged.core.allocAnon(rigged.task())).toBe(SIGBUS);
  });
});
