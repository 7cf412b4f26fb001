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
import { newestEdition, orderOf, releases } from "../../src/kernel/editions.js";
import { at, listing, op } from "../../src/kernel/listing.js";
import { pause, ret_at_once } from "../../src/kernel/ops.js";

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
  const rows = [...text.matchAll(/^\| ([a-z-]+)\/([a-z-]+) \| (?:all|3\.5 to ([0-9.]+)) \| all \|$/gm)].map(
    ([, first = "", second = "", last]) => [first, second, last ?? newestEdition().name] as const,
  );

  it("is in the table of docs/promela.md, and there is some", () => {
    expect(rows.length).toBeGreaterThanOrEqual(15);
    expect(text.match(/^\| [a-z-]+\/[a-z-]+ \| [^|]*[0-9a][^|]* \|/gm)).toHaveLength(rows.length);
  });

  it.each(rows)("is %s/%s in every release up to %s on every back-end, as the table says", (first, second, last) => {
    const which = chooseScenario(first).cases.find((one) => one.name === second);
    for (const edition of releases) {
      if (which === undefined || !hasPath(which, edition)) continue;
      const says = orderOf(edition.base) <= orderOf(last);
      for (const backend of backends) {
        const model = (): string => modelOf(`${first}/${second}`, edition.name, backend.name);
        if (says) expect(model()).toContain("inline one_step()");
        else expect(model).toThrow(/^export: the op of "[^"]+" in \w+ \(op \d+\) has no Promela form yet; [^\n]+$/);
      }
    }
    expect(which).toBeDefined();
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

  it("leaves out a return that is one step with what came before it", () => {
    const strange = listing("mm/strange.c", "strange", [...at("begin", pause("a moment", "waits")), ret_at_once()]);
    const scenario = chooseScenario("seed");
    const calls = [{ call: { name: "strange", arguments: {}, listing: strange }, args: {} }];
    const which = { name: "strange", tasks: [{ name: "A1", cpu: 0, mm: "A", calls }] };
    const what = { scenario, which, edition: chooseEdition("5.15"), backend: chooseBackend("x86") };
    expect(() => exportPromela(what)).toThrow(/the op of "return" in strange \(op \d+\) has no Promela form yet/);
  });
});
