/**
 * Proofreading finds nothing in our own listings, which the searches have read before: it gives no false alarm.
 */
import { describe, expect, it } from "vitest";
import { Reg } from "../../assembly/abi/operands.js";
import { proofreadCall } from "../../src/author/proofread.js";
import { type Backend, backends } from "../../src/kernel/arch/backends.js";
import { calls } from "../../src/kernel/calls.js";
import { editions, findEdition, newestEdition } from "../../src/kernel/editions.js";
import { at, type Line, listing } from "../../src/kernel/listing.js";
import * as k from "../../src/kernel/ops.js";
import * as p from "../../src/kernel/pageops.js";

const all = [...editions, ...["4.18", "6.1", "6.16", "7.1", "7.1~eb66ae030829"].flatMap((n) => findEdition(n) ?? [])];

/** One machine that interrupts and one that broadcasts: the others differ in what they flush, not in locks. */
const machines = backends.filter(({ name }) => name === "x86" || name === "arm64-range");

describe("proofreading our listings", () => {
  it.each(calls.map((call) => [call.name, call] as const))("has nothing to say about %s", (name, call) => {
    for (const edition of all) {
      for (const backend of machines) expect(() => proofreadCall(call, edition, backend, name)).not.toThrow();
    }
  });
});

describe("locks along the paths of a listing", () => {
  const read = (...lines: readonly Line[]): void =>
    proofreadCall(
      { name: "mine", arguments: {}, listing: listing("mm/mine.c", "mine", lines) },
      newestEdition(),
      backends[0] as Backend,
      "mine.ts",
    );

  it("a trylock is held only where it was got", () => {
    const tried = [k.trylock_write(k.I_MMAP, Reg.TMP), k.if_zero(Reg.TMP, "busy")];
    expect(() => read(...tried, k.unlock(k.I_MMAP), ...at("busy", k.ret(false)))).not.toThrow();
    expect(() => read(...tried, ...at("busy", k.ret(false)))).toThrow('"trylock i_mmap_rwsem (write)" is never undone');
  });

  it("a question that was answered is not answered again, until what it asks about is written", () => {
    const same = (label: string): Line => p.if_same(Reg.TABLE, Reg.TMP, label, "if (a == b)");
    const lock = [same("a"), k.lock_write(k.PTL), ...at("a")];
    const unlock = [same("b"), k.unlock(k.PTL), ...at("b", k.ret(false))];
    expect(() => read(...lock, ...unlock)).not.toThrow();
    expect(() => read(...lock, k.set(Reg.TMP, 0), ...unlock)).toThrow('"lock ptl (write)" is never undone');
  });

  it("a loop is left with what it holds", () => {
    const loop = (...end: readonly Line[]): readonly Line[] => [
      ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "out"), k.lock_write(k.PTL), k.add_pages(Reg.ADDRESS, k.BASE)),
      ...end,
      k.jump("next"),
      ...at("out", k.ret(false)),
    ];
    expect(() => read(...loop(k.unlock(k.PTL)))).not.toThrow();
    expect(() => read(...loop())).toThrow("is never undone");
  });
});
