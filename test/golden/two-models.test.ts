/**
 * Two implementations, one answer: the listings on the core and the sequential model play the same random scripts.
 *
 * They share no code below the script: one runs micro-ops on tables of words, the other calls on trees of objects.
 */
import { describe, expect, it } from "vitest";
import { type Played as Predicted, Script, UNCALIBRATED } from "../../src/conform/play.js";
import type { Flush } from "../../src/golden/format.js";
import { playScenario } from "../../src/golden/player.js";
import { findEdition } from "../../src/kernel/editions.js";

const SCRIPTS = 24;
const BASE = 0x300000000000;
const EDITIONS = ["5.10.223-prefix", "5.10.223", "5.15", "5.16", "5.19"];

/** A small generator with a seed, so that every run has the same scripts. */
function dice(seed: number) {
  let state = seed;
  const roll = (sides: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % sides;
  };
  return { roll, pick: <T>(items: readonly T[]): T => items[roll(items.length)] as T };
}

function scriptOf(seed: number): string[] {
  const { roll, pick } = dice(seed);
  const lines = ["file f0 size=2g", "P0 proc cpu=1", "P1 proc cpu=2", "P0 spin t=0 cpu=3"];
  for (const process of ["P0", "P1"]) {
    lines.push(`${process} mmap 0x100000000000 2g file=f0 shared`, `${process} mmap 0x${BASE.toString(16)} 8m`);
  }
  for (let i = 0; i < 14; i++) {
    const process = pick(["P0", "P1"]);
    const huge = pick(["0x100000000000", "0x100040000000", "0x100020000000"]);
    const small = `0x${(BASE + roll(4) * 2 ** 21).toString(16)}`;
    lines.push(
      pick([
        `${process} touch ${huge} ${pick(["16m", "4m"])} step=2m`,
        `${process} touch ${small} ${pick(["8p", "64p"])}`,
        `${process} madvise ${small} ${pick(["4p", "64p"])}`,
        `${process} munmap ${small} ${pick(["8p", "2m"])}`,
        `${process} munmap ${huge} ${pick(["1g", "2m", "512m"])}`,
        `P1 punch file=f0 off=${pick(["0", "2m"])} len=${pick(["2m", "1g"])}`,
        "P0 park t=0",
        "P0 spin t=0",
      ]),
    );
  }
  return lines;
}

const sayFlush = ({ mm, range, strideShift, freedTables }: Flush): string =>
  range === "all" ? `${mm} all ${+freedTables}` : `${mm} ${range[0]} ${range[1]} ${strideShift} ${+freedTables}`;

const flushesOf = ({ events }: Predicted): string[] =>
  events.flatMap(([kind, mm, start, end, shift, tables]) => {
    if (kind !== "flush") return [];
    return [start === "ALL" ? `${mm} all ${tables}` : `${mm} ${Number(start)} ${Number(end)} ${shift} ${tables}`];
  });

describe("the listings on the core and the sequential model", () => {
  it("flush alike and have the same page tables, operation by operation, in random scripts", () => {
    let compared = 0;
    for (let seed = 1; seed <= SCRIPTS; seed++) {
      const edition = findEdition(EDITIONS[seed % EDITIONS.length] as string);
      if (edition === undefined) throw new Error("an edition is missing");
      const script = new Script(edition, UNCALIBRATED, "random");
      const lines = scriptOf(seed * 7919);
      const predicted: Predicted[] = [];
      for (const line of lines) {
        const played = script.play(line);
        // The other player refuses a touch that ends with a signal.
        if (played.unsupported !== undefined || (played.result?.[0] ?? 0) !== 0) break;
        predicted.push(played);
      }
      const ops = lines.slice(0, predicted.length).map((line) => ({ line, outcomes: [] }));
      const listed = playScenario({ name: `random ${seed}`, ops }, { edition });
      listed.forEach(({ flushes, ptesKb }, i) => {
        const { line } = ops[i] as { line: string };
        if (/ proc /.test(line)) return;
        compared++;
        const place = [edition.name, seed, i, line];
        const mine = predicted[i] as Predicted;
        expect([...place, ...flushesOf(mine), mine.result?.[2]]).toEqual([
          ...place,
          ...(flushes ?? []).map(sayFlush),
          ptesKb,
        ]);
      });
    }
    expect(compared).toBeGreaterThan(250);
  }, 120_000);
});
