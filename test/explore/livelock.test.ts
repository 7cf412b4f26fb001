/**
 * Tasks that do not get on: deadlock, livelock, lost wake-up, each in a model of its own and gone in its right variant;
 * and what counts as a livelock.
 */
import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { TransitionGraph } from "../../src/explore/livelock.js";
import { replay } from "../../src/explore/replay.js";
import { whyBounded } from "../../src/report/check.js";
import { plain } from "../../src/report/paint.js";
import { formatStory } from "../../src/report/replay.js";

const kindsOf = async (name: string, variant: string) => {
  const { results } = await check({ scenarios: [name], set: { variant } });
  const row = results[0] as (typeof results)[number];
  expect(row.complete).toBe(true);
  return { verdict: row.verdict, kinds: row.violations.map(({ kind }) => kind).sort(), row };
};

describe("models of progress", () => {
  it.each([
    ["lock-cycle", "crossed", ["DEADLOCK", "LOCK_ORDER"]],
    ["trylock-dance", "crossed", ["LIVELOCK"]],
    ["lost-wake-up", "looks-first", ["LOST_WAKE_UP"]],
  ])("%s, %s, shows %j with a schedule for it", async (name, variant, kinds) => {
    const found = await kindsOf(name, variant);
    expect([found.verdict, found.kinds]).toEqual(["violated", kinds]);
    for (const { schedule } of found.row.violations)
      expect(schedule).toMatch(/^[a-z-]+\/[a-z-]+@7\.1\/x86:\d*\.\d+(\+\d+)?$/);
  });

  it.each([
    ["lock-cycle", "ordered"],
    ["trylock-dance", "ordered"],
    ["lost-wake-up", "queues-first"],
  ])("%s, %s, holds", async (name, variant) => {
    expect(await kindsOf(name, variant)).toMatchObject({ verdict: "holds", kinds: [] });
  });

  it("needs two holders who have both failed for the dance, and nobody beside them", async () => {
    const { row } = await kindsOf("trylock-dance", "crossed");
    expect(row.violations[0]?.where).toMatch(/^A1, B1 go round for ever in \d+ states, \d+ steps a round$/);
  });

  it("tells the way into the dance and then its round, which comes back to where it began", async () => {
    const { row } = await kindsOf("trylock-dance", "crossed");
    const found = row.violations[0];
    const story = replay(found?.schedule ?? "");
    const total = (found?.steps ?? 0) + (found?.round ?? 0);
    expect(story.round).toEqual({ from: (found?.steps ?? 0) + 1, steps: found?.round });
    expect(story.violations).toEqual([{ kind: "LIVELOCK", severity: "harm", step: total, confirmed: true }]);
    expect(new Set(story.steps.slice(story.round?.from ?? 0).map(({ who }) => who))).toEqual(new Set(["A1", "B1"]));
    expect(formatStory(story, { paint: plain, width: 110, folded: true })).toContain(">>> from here on these steps");
  });

  it("confirms no round that does not close, and refuses one without steps", () => {
    const confirmed = (token: string): boolean[] => replay(token).violations.map((one) => one.confirmed);
    expect(confirmed("trylock-dance/crossed@7.1/x86:00.0+2")).toEqual([false]);
    expect(() => replay("trylock-dance/crossed@7.1/x86:.0+0")).toThrow(/a round of 0 steps does not fit/);
  });

  it("is bounded when there are more transitions than are kept, and says so", async () => {
    const { results } = await check({ scenarios: ["seed"], editions: ["7.1"], backends: ["x86"], livelock: 500 });
    expect(results[0]).toMatchObject({ verdict: "bounded", complete: false, stoppedBy: "transitions", states: 1000 });
    expect(whyBounded(results[0] as never, { witness: true })).toMatch(/more transitions than are kept for livelocks/);
  });

  it("finds none in the seed, where every way ends", async () => {
    const asked = { scenarios: ["seed"], backends: ["x86"], witness: false };
    const [plain, looked] = [await check(asked), await check({ ...asked, livelock: true })];
    const facts = ({ results }: typeof plain) =>
      results.map(({ states, transitions, violations }) => [states, transitions, violations]);
    expect(facts(looked)).toEqual(facts(plain));
  });
});

describe("a livelock", () => {
  const NEW = 0x80000000;
  /** A graph from (from, agent, to) triples; states are numbered as they come. */
  const graphOf = (edges: readonly (readonly [number, number, number])[], most?: number): TransitionGraph => {
    const graph = new TransitionGraph(most);
    const known = new Set([0]);
    const words = [0xffffffff, NEW, 0, 1];
    for (const [from, agent, to] of edges) {
      words.push(from, known.has(to) ? agent : (agent | NEW) >>> 0, 0, to + 1);
      known.add(to);
    }
    graph.add(Uint32Array.from(words));
    return graph;
  };

  it("is a round in which everybody moves, although there is a way out", () => {
    const graph = graphOf([
      [0, 0, 1],
      [1, 1, 2],
      [2, 0, 1],
      [2, 1, 3],
    ]);
    expect(graph.livelocks()).toEqual([{ nearest: 1, states: 2, agents: [0, 1], round: [1, 0] }]);
  });

  it("is not a round that starves one who could always move", () => {
    const graph = graphOf([
      [0, 0, 1],
      [0, 1, 2],
      [1, 0, 0],
      [1, 1, 2],
    ]);
    expect(graph.livelocks()).toEqual([]);
  });

  it("goes by a state in which whoever never moves could not", () => {
    // Agent 1 leads out of states 0 and 1, but cannot move in 3: only a round by 3 is fair.
    const graph = graphOf([
      [0, 0, 1],
      [0, 1, 2],
      [1, 0, 0],
      [1, 1, 2],
      [1, 2, 3],
      [3, 2, 0],
    ]);
    expect(graph.livelocks()).toEqual([{ nearest: 0, states: 3, agents: [0, 2], round: [0, 2, 2] }]);
  });

  it("is not seen where transitions are missing", () => {
    const graph = graphOf(
      [
        [0, 0, 1],
        [0, 1, 2],
        [1, 0, 0],
        [1, 1, 2],
      ],
      3,
    );
    expect([graph.overflow, graph.livelocks()]).toEqual([true, []]);
  });

  it("is a round of one when nobody else can move, and a step that changes nothing", () => {
    expect(graphOf([[0, 0, 0]]).livelocks()).toEqual([{ nearest: 0, states: 1, agents: [0], round: [0] }]);
    expect(
      graphOf([
        [0, 0, 1],
        [1, 0, 2],
      ]).livelocks(),
    ).toEqual([]);
  });
});
