/**
 * The sequential model by itself: rules that a recording shows only together with others.
 */
import { describe, expect, it } from "vitest";
import { findEdition } from "../../src/kernel/editions.js";
import { featuresOf } from "../../src/kernel/features.js";
import { advise } from "../../src/sequential/calls.js";
import { access, SIGBUS, SIGSEGV } from "../../src/sequential/fault.js";
import { forkMm } from "../../src/sequential/fork.js";
import { Gather } from "../../src/sequential/gather.js";
import { protect } from "../../src/sequential/mprotect.js";
import { remap } from "../../src/sequential/mremap.js";
import { switchTo } from "../../src/sequential/tlb.js";
import { mapRange, unmapRange } from "../../src/sequential/vmas.js";
import { type Mm, World } from "../../src/sequential/world.js";

const A = 2 ** 44;
const B = 2 ** 45;
const PAGE = 4096;
const MIB = 2 ** 20;

function boot(name: string): { world: World; mm: Mm } {
  const edition = findEdition(name);
  if (edition === undefined) throw new Error(`there is no edition ${name}`);
  const world = new World({ edition, cpus: 4, hugePages: 64 });
  const mm = world.newMm("P0");
  world.cpu = 1;
  switchTo(world, 1, mm);
  return { world, mm };
}

const kinds = (world: World, kind: string): string[] =>
  world.events.splice(0).flatMap((event) => (event[0] === kind ? [event.slice(1).join(" ")] : []));

describe("features", () => {
  it("follow a stable branch: a commit is there from its patch level on", () => {
    const of = (name: string) => featuresOf(findEdition(name) as never);
    expect(of("6.1.140").syncIpi).toBe("never");
    expect(of("6.1.142").syncIpi).toBe("each");
    expect(of("6.1.192").syncIpi).toBe("exclusive");
    expect(of("5.10.223").unshareFlush).toBe("force");
    expect(of("5.10.223-prefix").unshareFlush).toBe("none");
    expect(of("5.10.100").previousGib).toBe(true);
    expect(of("6.12.43")).toMatchObject({ syncIpi: "each", unshareFlush: "force", rcuTables: false });
  });
});

describe("the sequential model", () => {
  it("flushes a nested gather in full, with tables, whatever it holds", () => {
    const { world, mm } = boot("6.1.192");
    mapRange(world, mm, { start: A, end: A + 4 * PAGE, prot: "rw" });
    access(world, mm, A, 1);
    world.events.length = 0;
    const outer = new Gather(world, mm);
    advise(world, mm, A, A + PAGE, "dontneed");
    expect(kinds(world, "flush")).toEqual(["P0 ALL  12 1"]);
    outer.finish();
    expect(kinds(world, "flush")).toEqual([]);
  });

  it("gives SIGSEGV without a mapping or a right, SIGBUS beyond the file's end", () => {
    const { world, mm } = boot("6.1");
    const file = { name: "t0", huge: false, size: PAGE, cache: new Map(), reserved: new Set<number>(), vmas: [] };
    mapRange(world, mm, { start: A, end: A + PAGE, prot: "r" });
    mapRange(world, mm, { start: B, end: B + 2 * PAGE, file, shared: true, prot: "rw" });
    expect([access(world, mm, A), access(world, mm, A, 1), access(world, mm, A + PAGE)]).toEqual([0, SIGSEGV, SIGSEGV]);
    expect([access(world, mm, B, 1), access(world, mm, B + PAGE, 1)]).toEqual([0, SIGBUS]);
  });

  it("does not flush what a TLB could not hold: none to rw, and rights that nobody gained", () => {
    const { world, mm } = boot("6.1.192");
    mapRange(world, mm, { start: A, end: A + 2 * PAGE, prot: "rw" });
    access(world, mm, A, 1);
    world.events.length = 0;
    protect(world, mm, A, A + 2 * PAGE, "none");
    expect(kinds(world, "flush")).toEqual([`P0 0x${A.toString(16)} 0x${(A + PAGE).toString(16)} 12 0`]);
    protect(world, mm, A, A + 2 * PAGE, "rw");
    expect(kinds(world, "flush")).toEqual([]);
    expect(access(world, mm, A, 2)).toBe(0);
    expect(kinds(world, "flush")).toEqual([]);
  });

  it("keeps every table and page in balance over map, touch, move, fork, unmap", () => {
    for (const name of ["5.10.223", "6.1.192", "6.12.43", "7.3.4"]) {
      const { world, mm } = boot(name);
      const tables = (): number[] => world.tables.slice(1, 4);
      mapRange(world, mm, { start: A, end: A + 8 * MIB, prot: "rw" });
      advise(world, mm, A, A + 4 * MIB, "hugepage");
      for (let at = A; at < A + 8 * MIB; at += MIB / 2) access(world, mm, at, 7);
      const child = forkMm(world, mm, "P1");
      access(world, mm, A + PAGE, 1);
      protect(world, mm, A + MIB, A + 2 * MIB, "r");
      expect(remap(world, mm, A + 4 * MIB, 2 * MIB, B + PAGE, 2 * MIB)).toBe(0);
      unmapRange(world, mm, A, A + 8 * MIB);
      unmapRange(world, mm, B, B + 16 * MIB);
      unmapRange(world, child, A, A + 8 * MIB);
      expect([name, tables(), mm.tables, child.tables, mm.gathers]).toEqual([name, [0, 0, 0], 0, 0, 0]);
    }
  });
});
