/**
 * A second opinion: SPIN counts the states of an exported model, and finds its violations.
 *
 * Where SPIN or a C compiler is missing, the tests say so through the same function that a user meets, and look at the
 * text of the models alone.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Op } from "../../assembly/abi/ops.js";
import { caseIn, check, hasPath } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, chooseScenario } from "../../src/explore/choose.js";
import { exportPromela } from "../../src/export/promela.js";
import { countWithSpin, missingPrograms } from "../../src/export/spin.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { releases } from "../../src/kernel/editions.js";
import { at, listing, op } from "../../src/kernel/listing.js";
import { pause, ret_at_once } from "../../src/kernel/ops.js";
import { models, scenarios } from "../../src/scenarios/index.js";

let missing: string[] = [];
beforeAll(async () => {
  missing = await missingPrograms();
});

function modelOf(name: string, editionName: string, backendName: string): string {
  const [first = "", second = ""] = name.split("/");
  const scenario = chooseScenario(first);
  const edition = chooseEdition(editionName);
  const which = scenario.cases.find((one) => one.name === second);
  if (which === undefined) throw new Error(`${first} has no case ${second}`);
  return exportPromela({ scenario, which: caseIn(which, edition), edition, backend: chooseBackend(backendName) });
}

describe("a model in SPIN", () => {
  it.each([
    ["seed/truncate", "5.15", "x86"],
    ["seed/truncate", "5.16", "precise"],
    ["seed/exit", "5.15", "arm64"],
    ["seed/exit", "3.5", "x86"],
    ["seed/truncate", "5.16-late-flush", "riscv"],
    ["hole-punch/punch", "5.15", "x86-tce"],
    ["previous-gib/munmap", "5.16", "arm64-range"],
    ["mremap-late-flush/mremap", "5.16", "x86"],
    ["mprotect-late-flush/exit", "3.5", "arm64"],
    ["narrow-range/migrate", "3.5", "x86-pti"],
    ["exit-shortcut/exit", "5.19", "arm64-range"],
    ["lazy-walk/exit", "5.19", "x86"],
    ["seed/truncate", "6.1", "x86"],
    ["seed/exit", "6.16", "precise"],
    ["seed/exit", "7.0", "precise"],
    ["seed/truncate", "7.0", "precise"],
    ["seed/exit", "7.1", "x86"],
    ["narrow-range/mremap", "7.1", "precise"],
    ["fake-sharing/munmap", "6.13~59d9094df3d7", "precise"],
    ["vma-split/mprotect", "6.16", "precise"],
    ["mremap-delta/mremap", "7.1", "precise"],
    ["lost-wake-up/looks-first", "7.1", "x86"],
    ["lock-cycle/crossed", "7.1", "x86"],
    ["table-batch/munmap", "7.1", "x86"],
    ["exec-switch/exec", "7.1", "arm64-range"],
    ["parallel-dontneed/dontneed", "3.5", "x86"],
    ["parallel-dontneed/dontneed", "7.1", "x86"],
    ["forced-levels/munmap", "4.18", "x86"],
    ["forced-levels/munmap", "7.1", "arm64"],
    ["numa-pending/migrate", "3.5", "arm64"],
    ["dying-vma/exit", "7.1", "precise"],
    ["walk-cache/uffd", "7.1", "x86"],
    ["lazy-unshare/mprotect", "7.1", "x86"],
    ["migrate-narrow/migrate", "7.1", "precise"],
  ])("of %s in %s on %s has our states and our violations", async (name, edition, backend) => {
    const [scenario = "", which = ""] = name.split("/");
    const { results } = await check({
      scenarios: [scenario],
      editions: [edition],
      backends: [backend],
      witness: false,
    });
    const ours = results[0];
    const model = modelOf(name, edition, backend);
    if (missing.length > 0) {
      await expect(countWithSpin(model)).rejects.toThrow(/is not installed; install SPIN and a C compiler/);
      expect(model).toMatch(/^active proctype machine\(\)$/m);
      return;
    }
    const theirs = await countWithSpin(model);
    const kinds = ours?.violations.filter((violation) => violation.case === which).map(({ kind }) => kind) ?? [];
    expect(theirs).toMatchObject({ states: ours?.cases[which], kinds: [...new Set(kinds)].sort() });
  });

  it("makes one transition of every step: one more than ours, for the first state", async () => {
    const name = "hole-punch/punch";
    const { results } = await check({
      scenarios: ["hole-punch"],
      editions: ["5.15"],
      backends: ["x86"],
      witness: false,
    });
    const model = modelOf(name, "5.15", "x86");
    expect(model.match(/^ {2}:: atomic \{/gm)).toHaveLength(2);
    if (missing.length === 0) {
      expect((await countWithSpin(model)).transitions).toBe((results[0]?.transitions ?? 0) + 1);
    }
  });
});

describe("what can be exported", () => {
  const text = readFileSync(fileURLToPath(new URL("../../docs/promela.md", import.meta.url)), "utf8");
  const rowsOf = (pattern: RegExp): [string, string][] =>
    [...text.matchAll(pattern)].map(([, first = "", second = ""]) => [first, second]);
  const said = rowsOf(/^\| ([a-z-]+)\/([a-z-]+) \| all \| all \|$/gm);
  const unsaid = rowsOf(/^\| ([a-z-]+)\/([a-z-]+) \| (?!all \|)[^|]+ \|$/gm);
  const runs = (first: string, second: string): (() => string)[] => {
    const scenario = chooseScenario(first);
    const which = scenario.cases.find((one) => one.name === second);
    if (which === undefined) throw new Error(`${first} has no case ${second}`);
    return releases
      .filter((edition) => hasPath(which, edition))
      .flatMap(({ name }) => backends.map((backend) => () => modelOf(`${first}/${second}`, name, backend.name)));
  };

  it("is in one of the two tables of docs/promela.md, for each scenario of the catalogue", () => {
    const names = [...said, ...unsaid].map((row) => row.join("/"));
    const all = [...scenarios, ...models].flatMap(({ name, cases }) => cases.map((one) => `${name}/${one.name}`));
    expect(names.sort()).toEqual(all.sort());
    expect(said.length).toBeGreaterThanOrEqual(30);
  });

  it.each(said)("is %s/%s in every release on every back-end", (first, second) => {
    for (const model of runs(first, second)) expect(model()).toContain("inline one_step()");
  });

  it.each(unsaid)("is not %s/%s, of which one line says what has no form", (first, second) => {
    for (const model of runs(first, second)) expect(model).toThrow(/^export: [^\n]+ Promela form[^\n]*; [^\n]+$/);
  });

  it("leaves out what has no Promela form, and names the line", () => {
    const strange = listing("mm/strange.c", "strange", [...at("begin", op(9999 as Op, [], "do_strange()"))]);
    const scenario = chooseScenario("seed");
    const calls = [{ call: { name: "strange", arguments: {}, listing: strange }, args: {} }];
    const which = { name: "strange", tasks: [{ name: "A1", cpu: 0, mm: "A", calls }] };
    const what = { scenario, which, edition: chooseEdition("5.15"), backend: chooseBackend("x86") };
    expect(() => exportPromela(what)).toThrow(
      /the op of "do_strange\(\)" in strange \(op 9999\) has no Promela form yet/,
    );
  });

  it("leaves out a return that is one step with what came before it and has a call behind it", () => {
    const strange = listing("mm/strange.c", "strange", [...at("begin", pause("a moment", "waits")), ret_at_once()]);
    const scenario = chooseScenario("seed");
    const call = { call: { name: "strange", arguments: {}, listing: strange }, args: {} };
    const which = { name: "strange", tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [call, call] }] };
    const what = { scenario, which, edition: chooseEdition("5.15"), backend: chooseBackend("x86") };
    expect(() => exportPromela(what)).toThrow(/a return that is one step .* have no Promela form yet/);
    const once = { ...which, tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [call] }] };
    expect(exportPromela({ ...what, which: once })).toContain("returned(0)");
  });
});
