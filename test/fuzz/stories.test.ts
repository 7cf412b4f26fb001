/** Many random runs of one bug shrink to a few stories: what is told does not depend on who found it. */
import { describe, expect, it } from "vitest";
import { FuzzWord, Signature } from "../../assembly/abi/fuzz.js";
import { chooseBackend, chooseEdition } from "../../src/explore/choose.js";
import { Arena, modes } from "../../src/fuzz/arena.js";
import { type CaseFile, replayCase } from "../../src/fuzz/case.js";
import { smallestOf } from "../../src/fuzz/smallest.js";
import { kindName } from "../../src/names.js";

/** A bug in an edition that has it: kind, function in which it was born, function in which it was seen. */
interface Bug {
  readonly edition: string;
  readonly backend?: string;
  readonly kind: string;
  readonly born: string;
  readonly where: string;
  readonly runs: number;
  /** Calls of the race in the smallest story. */
  readonly calls: number;
}

/** Another number of runs of each: SHOOTDOWN_SHRINK_RUNS=100 npx vitest run stories */
const RUNS = Number(process.env.SHOOTDOWN_SHRINK_RUNS ?? 0);
const RUNS_MAX = 4e6;

const bugs: readonly Bug[] = [
  // The seed: a page is freed while another CPU still reaches it through the table that was unshared.
  {
    edition: "5.15",
    kind: "STALE_TRANSLATION",
    born: "huge_pmd_unshare",
    where: "remove_inode_hugepages",
    runs: 100,
    calls: 1,
  },
  // Reclaim of files, a move of base pages, a guest, a collapse into a huge page: other themes, other machines.
  {
    edition: "5.15",
    kind: "STALE_TRANSLATION",
    born: "try_to_unmap_one",
    where: "shrink_folio_list",
    runs: 20,
    calls: 1,
  },
  { edition: "4.4", kind: "FLUSH_AFTER_UNLOCK", born: "move_ptes", where: "move_ptes", runs: 20, calls: 1 },
  { edition: "4.4", kind: "STALE_WALK", born: "free_pgtables", where: "tlb_remove_table_one", runs: 20, calls: 2 },
  {
    edition: "6.1",
    backend: "arm64",
    kind: "RANGE_NOT_RECORDED",
    born: "huge_pmd_unshare",
    where: "hugetlb_change_protection",
    runs: 20,
    calls: 1,
  },
];

/** Inputs of random runs that show the bug. */
function inputsOf(arena: Arena, { kind, born, where }: Bug, wanted: number): { input: string; words: number[] }[] {
  const found: { input: string; words: number[] }[] = [];
  for (let made = 0; made < RUNS_MAX && found.length < wanted; ) {
    // Every finding is new again.
    arena.set(FuzzWord.SIGNATURES, 0);
    const batch = arena.run(10_000);
    made += batch.runs;
    if (batch.found === 0) continue;
    for (let i = 0; i < arena.get(FuzzWord.SIGNATURES); i++) {
      const at = arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
      const words = [Signature.KIND, Signature.BIRTH, Signature.AT].map((field) => arena.machine.get(at + field));
      const [number = 0, birth = 0, line = 0] = words;
      if (kindName(number) !== kind || !arena.lineName(birth).startsWith(`${born}:`)) continue;
      if (!arena.lineName(line).startsWith(`${where}:`)) continue;
      found.push({ input: Buffer.from(arena.read()).toString("hex"), words });
      // The next one is another program.
      arena.machine.core.call.fuzzFresh();
    }
  }
  return found;
}

const storyOf = ({ program, schedule }: CaseFile): string => JSON.stringify([program, schedule]);

describe("random runs of one bug", () => {
  for (const bug of bugs) {
    const { edition, backend = "x86", kind, born, where } = bug;
    const runs = RUNS || bug.runs;
    it(`${kind}, ${born} to ${where} in ${edition}: ${runs} shrink to at most three stories`, async () => {
      const arena = Arena.boot({ edition: chooseEdition(edition), backend: chooseBackend(backend) });
      arena.seed(1);
      arena.choose("portfolio");
      arena.set(FuzzWord.MODE, modes.random);
      const inputs = inputsOf(arena, bug, runs);
      expect(inputs.length).toBeGreaterThanOrEqual(runs);
      const stories = new Map<string, CaseFile>();
      for (const { input, words } of inputs) {
        const [number = 0, birth = 0, at = 0] = words;
        const made = await smallestOf({ edition, backend, input, target: { kind: number, birth, at } });
        expect(made, input).toBeDefined();
        if (made !== undefined) stories.set(storyOf(made), made);
      }
      expect(new Set(inputs.map(({ input }) => input)).size).toBe(inputs.length);
      expect(stories.size, [...stories.keys()].join("\n")).toBeLessThanOrEqual(3);
      for (const made of stories.values()) {
        expect(made.violation.confirmed).toBe(true);
        expect(made.program.tasks.flatMap((task) => task.calls).length).toBeLessThanOrEqual(bug.calls + 1);
        expect(replayCase(made, "case").violations.map((violation) => violation.kind)).toContain(kind);
      }
    }, 180_000);
  }
});
