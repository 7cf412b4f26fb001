/**
 * Scenario files of a user: the guide's example, every way to write one, and each mistake as one clear line.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Op } from "../../assembly/abi/ops.js";
import { noReader, readerOfTypeScript } from "../../src/author/load.js";
import { type Ended, linesOf, root, shootdown } from "../cli/shootdown.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-authoring-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example = readFileSync(join(root, "examples/my-bug.ts"), "utf8");
/** The example as plain JavaScript. */
const script = example
  .replace(/type (Call|OwnEdition|OwnScenario), /g, "")
  .replace(/const (\w+): \w+(\[\])? =/g, "const $1 =");

let files = 0;
/** Checks a file with this text, in a folder that knows nothing of the package. */
function check(text: string, ...args: readonly string[]): Promise<Ended> {
  const file = join(folder, `case${files++}.mjs`);
  writeFileSync(file, text);
  return shootdown(["check", file, ...args]);
}

/** The example with one piece of text changed, which must be there. */
function changed(from: string, into: string): string {
  expect(script).toContain(from);
  return script.replace(from, into);
}

interface Row {
  readonly edition: string;
  readonly backend: string;
  readonly verdict: string;
  readonly violations: readonly { kind: string; confirmed: boolean; schedule: string }[];
}
const rowsOf = (ended: Ended): Row[] => JSON.parse(ended.stdout).results;
const verdicts = (rows: readonly Row[], edition: string): string[] => [
  ...new Set(rows.filter((row) => row.edition === edition).map((row) => row.verdict)),
];

describe("the guide's example", () => {
  it("is violated without its flush on every machine, and holds with it, as the guide says", async () => {
    const ended = await shootdown(["check", "./examples/my-bug.ts", "--json"]);
    expect(ended.code).toBe(1);
    const rows = rowsOf(ended);
    expect(verdicts(rows, "as-it-is")).toEqual(["violated"]);
    expect(verdicts(rows, "with-flush")).toEqual(["holds"]);
    expect(rows).toHaveLength(16);
    expect(rows.flatMap((row) => row.violations).every((violation) => violation.confirmed)).toBe(true);
  });

  it("stands in the guide as it is checked", () => {
    const guide = readFileSync(join(root, "docs/authoring.md"), "utf8");
    const shown = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]?.trim() ?? "");
    expect(shown.length).toBeGreaterThan(2);
    for (const piece of shown) expect(example).toContain(piece);
  });

  it("is replayed with its file", async () => {
    const args = ["replay", "my-bug/drop@as-it-is/x86:.5", "--file", "./examples/my-bug.ts"];
    const { code, stdout } = await shootdown(args);
    expect(code).toBe(1);
    expect(stdout).toContain("my_drop_page: put_page(page)");
    expect(stdout).toContain("STALE_TRANSLATION");
  });

  it("ends with 0 when only the right edition is asked for", async () => {
    const { code, stdout } = await shootdown(["check", "./examples/my-bug.ts", "-e", "with-flush", "-b", "x86"]);
    expect(code).toBe(0);
    expect(stdout).toContain("holds");
  });
});

describe("a file", () => {
  it("may be .mjs, .js or .ts, anywhere", async () => {
    for (const [suffix, text] of [
      ["mjs", script],
      ["js", script],
      ["ts", example],
    ]) {
      writeFileSync(join(folder, `way.${suffix}`), text as string);
      const ended = await shootdown(["check", join(folder, `way.${suffix}`), "-b", "x86", "--json"]);
      expect(rowsOf(ended).map((row) => row.verdict)).toEqual(["violated", "holds"]);
    }
  });

  it("may export several scenarios by name, and stands beside ours", async () => {
    const text = changed("export default scenario", 'export const scenarios = [scenario, { ...scenario, name: "b" }]');
    const file = join(folder, "several.mjs");
    writeFileSync(file, text);
    const ended = await shootdown(["check", file, "-b", "arm64", "--json"]);
    expect(rowsOf(ended).map((row) => row.edition)).toEqual(["as-it-is", "with-flush", "as-it-is", "with-flush"]);
    const both = await shootdown(["check", file, "seed", "-e", "5.16", "-b", "arm64", "--json"]);
    expect(rowsOf(both)).toHaveLength(3);
  });

  it("in TypeScript needs somebody who reads it", () => {
    expect(readerOfTypeScript({ typescript: "strip" }, () => undefined)).toBe("node");
    expect(readerOfTypeScript({ typescript: false }, () => "there")).toEqual({ path: "there" });
    expect(readerOfTypeScript({}, () => undefined)).toBeUndefined();
    expect(noReader("a.ts").message).toMatch(/^a\.ts: neither this Node.*; compile it or write it as \.mjs/);
  });
});

/** What is changed in the example, into what, and what the one line must say. */
const mistakes: readonly (readonly [string, string, string, RegExp])[] = [
  ["an op that does not exist", "ops.put_page()", "ops.drop_page()", /mjs:\d+: there is no op .*drop_page.*put_page/],
  ["an op number that does not exist", "ops.put_page()", 'op(9999, [], "x()")', /"x\(\)": there is no op 9999/],
  ["a builder that is not called", "ops.put_page()", "ops.put_page", /my_drop_page: line 11 is a function/],
  ["a missing label", '"unlock")', '"unlok")', /my_drop_page: there is no label unlok, for "if \(!tmp\) goto unlok"/],
  ["a label twice", 'at("unlock", ', 'at("out"), ...at("unlock", ', /my_drop_page: the label out stands twice/],
  [
    "a lock that one path keeps",
    'ops.if_zero(reg.TMP, "unlock")',
    'ops.if_zero(reg.TMP, "out")',
    /my_drop_page: "lock ptl \(write\)" is never undone.*after "if \(!tmp\) goto out"/,
  ],
  [
    "a trylock that is kept",
    "ops.ret(true)",
    'ops.trylock_write(ops.I_MMAP, reg.TMP), ops.if_zero(reg.TMP, "e"), ...at("e"), ops.ret(true)',
    /my_drop_page: "trylock i_mmap_rwsem \(write\)" is never undone/,
  ],
  ["no return", "ops.ret(true),", "", /my_drop_page: runs past its last line/],
  [
    "a lock that does not exist",
    "ops.MMAP_LOCK",
    "ops.MMAP",
    /mjs:\d+: a lock that does not exist; the locks are .*PTL/,
  ],
  ["a wrong register", "reg.ENTRY", "reg.ENTRI", /"if \(!.*its first operand is undefined; give a register/],
  [
    "an unknown argument",
    "end: page + 1",
    "stop: page + 1",
    /cases\.0\.tasks\.0\.calls\.0\.args: drop has no argument "stop"/,
  ],
  [
    "an unknown mm",
    'cpu: 0, mm: "A", calls: [{',
    'cpu: 0, mm: "Z", calls: [{',
    /cases\.0\.tasks\.0\.mm: there is no mm "Z"/,
  ],
  ["an unknown CPU", 'name: "A1", cpu: 0', 'name: "A1", cpu: 2', /there is no CPU2; cpus has CPU0 to CPU1/],
  ["an unknown call", "{ call: drop,", '{ call: "dorp",', /there is no call "dorp"; choose one of: mmap/],
  [
    "an unknown file",
    "calls: steps.anon(1, 1)",
    "calls: [steps.mapPages(4, 1)]",
    /setup\.0\.calls\.0\.args\.file: there is no file 1/,
  ],
  ["no cases", "cases: [", "kases: [", /Unrecognized key: "kases"/],
  ["an unknown promise", '"STALE_TRANSLATION"', '"STALE"', /always\.0: Invalid option/],
  ["an edition without a release", 'base: "5.19" }', 'base: "new" }', /editions\[0\]: base: "new" is no release/],
  ["a set-up that faults", "steps.anon(1, 1)", "[steps.touch(1, 0)]", /my-bug: the set-up of mm A ended with signal/],
  ["nothing to check", "export default scenario", "void scenario", /exports no scenario/],
  ["a file that is no program", "const page", "const const page", /mjs.*: .*const/],
];

describe("a mistake is one clear line and ends with 2", () => {
  it.each(mistakes)("%s", async (_what, from, into, expected) => {
    const { code, stdout, stderr } = await check(changed(from, into).replace("listing, only", "listing, op, only"));
    expect(stdout).toBe("");
    expect(linesOf(stderr)).toHaveLength(1);
    expect(stderr).toMatch(expected);
    expect(stderr).toMatch(/^shootdown: /);
    expect(code).toBe(2);
  });

  it("an op that the hardware lacks, where it lacks it", async () => {
    const lines = `op(${Op.TLBI}, [0], "__tlbi()"), op(${Op.DSB}, [], "dsb(ish)")`;
    const right = changed('arch("flush_tlb_range")', lines).replace("listing, only", "listing, op, only");
    const bad = await check(right, "-b", "x86");
    expect(bad.stderr).toMatch(
      /my_drop_page: "__tlbi\(\)": the hardware of x86 has no such op; .*--backend precise,arm64/,
    );
    expect(bad.code).toBe(2);
    expect((await check(right, "-b", "arm64", "-e", "with-flush")).code).toBe(0);
  });

  it("a file that is not there", async () => {
    const { code, stderr } = await shootdown(["check", "./nowhere.ts"]);
    expect([code, linesOf(stderr)]).toEqual([
      2,
      ["shootdown: ./nowhere.ts: there is no such file; give the path of a .ts, .js or .mjs file"],
    ]);
  });
});
