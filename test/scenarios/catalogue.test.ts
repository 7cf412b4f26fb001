/**
 * The catalogue: each bug in its own pair of editions, which differ by the published fix and nothing else, on every
 * machine. catalogue.txt pins verdicts and state counts; docs/bugs is what the generator gives.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { bugs, onlyBefore, type Survey } from "../../src/explore/catalogue.js";
import { type CheckResultRow, check } from "../../src/explore/check.js";
import { chooseScenarios } from "../../src/explore/choose.js";
import { findEdition } from "../../src/kernel/editions.js";
import { bugPages, type Surveys, surveyAll } from "../../src/report/bugs.js";
import { pairOf, scenarios } from "../../src/scenarios/index.js";

let surveys: Surveys;

beforeAll(async () => {
  surveys = await surveyAll();
}, 180_000);

const paired = scenarios.filter((s) => pairOf(s) !== undefined && s.bug !== "open");

function surveyOf(name: string): Survey {
  const found = surveys.get(name);
  if (found === undefined) throw new Error(`${name} was not checked`);
  return found;
}

const golden = (row: CheckResultRow): string => {
  const found = row.violations.map((v) => `    ${v.case}: ${v.kind} at ${v.steps}${v.detail ? `, ${v.detail}` : ""}`);
  const counts = `${row.verdict}, ${row.states} states, ${row.transitions} transitions`;
  return [`${row.scenario} ${row.edition} ${row.backend}: ${counts}`, ...found].join("\n");
};

describe("each scenario of the catalogue", () => {
  it("has the verdicts and state counts that it had", async () => {
    const rows = [...surveys.values()].flatMap((s) => [...s.vulnerable, ...s.fixed]);
    await expect(`${rows.map(golden).join("\n")}\n`).toMatchFileSnapshot("catalogue.txt");
  });

  it.each(paired.map((s) => s.name))("%s does harm on some machine without the fix, and each harm is real", (name) => {
    const { vulnerable, shows } = surveyOf(name);
    expect(shows.length).toBeGreaterThan(0);
    for (const row of vulnerable) {
      expect(row.complete, `${row.backend} is exhausted`).toBe(true);
      expect(row.violations.filter((v) => !v.confirmed).map((v) => v.schedule)).toEqual([]);
    }
  });

  it.each(paired.map((s) => s.name))("%s shows nothing with the fix but what another entry explains", (name) => {
    const { scenario, vulnerable, fixed } = surveyOf(name);
    const explained = new Set(scenario.alsoFinds?.flatMap((also) => also.kinds));
    for (const row of fixed) {
      expect(row.complete, `${row.backend} is exhausted`).toBe(true);
      expect(row.violations.filter((v) => !explained.has(v.kind)).map((v) => v.schedule)).toEqual([]);
    }
    // What is excused is really there on some machine.
    const left = fixed.flatMap((row) => row.violations.map((v) => v.kind as string));
    const empty = scenario.alsoFinds?.filter((also) => !also.kinds.some((kind) => left.includes(kind)));
    expect(empty ?? []).toEqual([]);
    expect(vulnerable.flatMap((row, i) => onlyBefore(row, fixed[i])).length).toBeGreaterThan(0);
  });

  const goneIn = paired.flatMap((s) =>
    (s.alsoFinds ?? []).flatMap((a) => (a.goneIn === undefined ? [] : [[s.name, a.bug, a.goneIn, a.kinds] as const])),
  );
  it.each(goneIn)("%s: what is left is %s, because it is gone in %s", async (name, _bug, edition, kinds) => {
    const { results } = await check({ scenarios: [name], editions: [edition] });
    const left = results.flatMap((row) => row.violations.map((v) => v.kind));
    expect(left.filter((kind) => kinds.includes(kind))).toEqual([]);
  });
});

describe("the list of bugs", () => {
  it("has each number once, with a scenario or with what is missing", () => {
    const ids = bugs().map((bug) => bug.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(bugs().filter((bug) => (bug.scenarios.length === 0) !== (bug.missing !== undefined))).toEqual([]);
  });

  it("finds a scenario by CVE, commit, number and part", () => {
    const namesOf = (text: string): string[] => chooseScenarios([text]).map((s) => s.name);
    expect(namesOf("CVE-2021-4002")).toEqual(["seed"]);
    expect(namesOf("b1")).toEqual(["seed", "hole-punch"]);
    expect(namesOf("48381273f873")).toEqual(["previous-gib"]);
    expect(namesOf("B3 (i)")).toEqual(["mprotect-late-flush"]);
    expect(() => namesOf("B99")).toThrow("B99");
  });

  it("names real editions, and a pair that differs by one fix", () => {
    for (const scenario of paired) {
      const pair = pairOf(scenario)?.map(findEdition) ?? [];
      expect(
        pair.every((edition) => edition !== undefined),
        scenario.name,
      ).toBe(true);
      expect(scenario.known?.length, `${scenario.name} says how it is known`).toBeGreaterThan(0);
    }
  });
});

describe("docs/bugs", () => {
  it("is what `npm run docs` writes", () => {
    const folder = fileURLToPath(new URL("../../docs/bugs/", import.meta.url));
    const pages = bugPages(surveys);
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
    for (const [name, text] of pages) expect(readFileSync(folder + name, "utf8"), name).toBe(text);
  });
});
