/** A story as a page and as a trace-viewer file: complete, self-contained, and true to the machine. */
import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { type StoryState, stateOf } from "../../src/explore/states.js";
import { replay } from "../../src/fuzz/token.js";
import type { TlbResult } from "../../src/replay/tlb.js";
import { htmlPage, storyPage } from "../../src/report/page.js";
import { tlbPage } from "../../src/report/tlb-page.js";
import { type TraceViewerEvent, traceViewer } from "../../src/report/trace.js";

async function shown(edition: string, backend: string, scenario = "seed") {
  const { results } = await check({ scenarios: [scenario], editions: [edition], backends: [backend], witness: false });
  const harm = results[0]?.violations.filter(({ kind }) => kind.startsWith("STALE")) ?? [];
  const [found] = [...harm].sort((a, b) => b.steps - a.steps);
  const states: StoryState[] = [];
  const story = replay(found?.schedule ?? "", [], (machine, what) => states.push(stateOf(machine, what)));
  return { story, states, mms: ["A", "B"], cpus: ["", "", ""], title: "title", about: "about" };
}

/** What the page's script reads. */
const dataOf = (page: string): { rows: { state: number; step?: number; effect: string }[]; states: StoryState[] } =>
  JSON.parse(/<script type="application\/json" id="data">(.*)<\/script>/.exec(page)?.[1] ?? "");

describe("the page of a story", () => {
  it("has every step in its order with the state after it, and asks the network for nothing", async () => {
    const what = await shown("5.15", "x86");
    const page = storyPage(what);
    const data = dataOf(page);
    expect(data.rows.map(({ effect }) => effect)).toEqual(what.story.steps.map(({ effect }) => effect));
    expect(data.states.length).toBe(1 + what.story.steps.filter(({ step }) => step !== undefined).length);
    for (const { step, state } of data.rows) expect(step ?? state).toBe(state);
    expect(page).not.toMatch(/(?:src|href)\s*=|@import|url\(|https?:|fetch\(/);
    for (const { kind } of what.story.violations) expect(page).toContain(`${kind} at step`);
    expect(page).toContain("Why it can happen");
    expect(page).not.toMatch(/\{(heading|about|chips|token|why)\}/);
  });

  it("has a script that a browser can parse", async () => {
    const page = storyPage(await shown("5.15", "x86"));
    const scripts = [...page.matchAll(/<script>\n([^<]*(?:<(?!\/script>)[^<]*)*)<\/script>/g)].map(([, code]) => code);
    expect(scripts.length).toBe(1);
    expect(() => new Function(scripts[0] ?? "")).not.toThrow();
  });

  it("keeps text from ending the script that it stands in", () => {
    const page = htmlPage({
      title: "<b>",
      style: "story.css",
      body: "",
      data: { text: "</script><script>alert(1)</script>" },
      script: "story.js",
    });
    expect(page).toContain("<title>&lt;b&gt;</title>");
    expect(page.match(/<\/script>/g)?.length).toBe(2);
  });
});

describe("the page of traces", () => {
  const curve = (misses: number): TlbResult["curves"][number] => ({
    pages: "4k",
    references: 1000,
    points: [1, 2, 4].map((entries) => ({ entries, misses: Math.floor(misses / entries) })),
    seconds: 0,
  });
  const result = (source: string, misses: number): TlbResult => ({
    ...{ source, records: 10, clipped: 0, results: [], sweeps: [], curves: [curve(misses)] },
  });

  it("draws a point for each number of entries that something misses with, the fewer misses the lower", () => {
    const page = tlbPage([result("a&b.lackey", 800), result("none", 0)]);
    const path = /<path class="line l0" d="M([0-9. L]+)">/.exec(page)?.[1] ?? "";
    const points = path.split("L").map((pair) => pair.split(" ").map(Number));
    expect(points.length).toBe(3);
    expect([...points].sort(([, a = 0], [, b = 0]) => a - b)).toEqual(points);
    expect(page).toContain("<h1>a&amp;b.lackey</h1>");
    expect(page).toContain("Nothing misses.");
    expect(page).not.toMatch(/(?:src|href)\s*=|@import|url\(|https?:|<script/);
  });
});

describe("the state at each step", () => {
  it("has the tables that the steps speak of, and what is owed", async () => {
    const { story, states } = await shown("5.15", "x86");
    const lines = (state: StoryState | undefined): string[] =>
      (state?.entries ?? []).map(({ mm, depth, at, to, table }) => `${mm}${depth} ${at} ${table ? "table " : ""}${to}`);
    // Both mms reach the shared table, and both of its pages through it.
    expect(lines(states[0])).toEqual(
      ["A", "B"].flatMap((mm) => [`${mm}0 1G table T3`, `${mm}1 1G h1`, `${mm}1 1G+2M h2`]),
    );
    const unshare = story.steps.find(({ fn }) => fn === "huge_pmd_unshare")?.step ?? 0;
    expect(lines(states[unshare]).filter((line) => line.startsWith("A"))).toEqual([]);
    expect(states[unshare - 1]?.owed).toEqual([]);
    expect(states[unshare]?.owed).toContainEqual({ mm: "A", what: "1G → table T3", cpus: [0, 1] });
    expect(states.at(-1)?.frames).toContainEqual({ name: "h1", use: "free" });
  });
});

describe("the trace-viewer file", () => {
  const of = (events: readonly TraceViewerEvent[], ph: string): TraceViewerEvent[] => events.filter((e) => e.ph === ph);

  it("has a track for each agent, every step in order, and an instant for each broken promise", async () => {
    const { story, states } = await shown("5.15", "x86");
    const { traceEvents, otherData } = traceViewer(story, states);
    const steps = of(traceEvents, "X");
    expect(steps.map(({ args }) => args?.effect)).toEqual(story.steps.map(({ effect }) => effect));
    steps.forEach(({ ts, dur = 0 }, i) => {
      expect(ts).toBe(10 * i);
      expect(dur).toBeLessThan(10);
    });
    expect(
      of(traceEvents, "i")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(story.violations.map(({ kind }) => kind).sort());
    const named = new Set(of(traceEvents, "M").map(({ pid, tid }) => `${pid} ${tid}`));
    for (const { pid, tid } of steps) expect(named.has(`${pid} ${tid}`)).toBe(true);
    expect(of(traceEvents, "C").map(({ args }) => args?.entries)).toEqual(
      states.slice(1).map(({ owed }) => owed.length),
    );
    expect(otherData.token).toBe(story.token);
  });

  it("has an arrow from who interrupts to who takes the interrupt", async () => {
    const { results } = await check({ scenarios: ["B25"], backends: ["x86"], witness: false });
    const all = results.flatMap(({ violations }) => violations).map(({ schedule }) => traceViewer(replay(schedule)));
    const events = all.flatMap(({ traceEvents }) => traceEvents);
    const [starts, ends] = [of(events, "s"), of(events, "f")];
    expect(starts.length).toBeGreaterThan(0);
    expect(ends.length).toBe(starts.length);
    starts.forEach((start, i) => {
      const end = ends[i] as TraceViewerEvent;
      expect([end.id, end.bp]).toEqual([start.id, "e"]);
      expect(end.ts).toBeGreaterThan(start.ts ?? 0);
    });
  });
});
