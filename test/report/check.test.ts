import { describe, expect, it } from "vitest";
import type { CheckResult, CheckResultRow, FoundViolation } from "../../src/explore/check.js";
import { formatCheck, whyBounded } from "../../src/report/check.js";
import { plain } from "../../src/report/paint.js";

const look = { paint: plain, width: 100 };
const asked = { bound: 1000, time: undefined, witness: true };

const row = (changes: Partial<CheckResultRow>): CheckResultRow => ({
  scenario: "seed",
  edition: "5.15",
  backend: "x86",
  verdict: "holds",
  complete: true,
  states: 700,
  transitions: 1200,
  depth: 60,
  seconds: 0.05,
  collisionProbability: 0,
  violations: [],
  hiddenBy: [],
  sometimes: {},
  cases: { truncate: 300, exit: 400 },
  hardware: "saturated",
  bytesPerState: 11,
  ...changes,
});

const violation = (changes: Partial<FoundViolation>): FoundViolation => ({
  kind: "STALE_WALK",
  severity: "harm",
  confirmed: true,
  case: "exit",
  schedule: "seed/exit@5.15/x86:01.9",
  steps: 9,
  where: "munmap: return",
  ...changes,
});

const format = (results: CheckResultRow[], options = asked): string =>
  formatCheck({ schema: "shootdown/check@1", results } satisfies CheckResult, options, look);

/** The text as one line, wherever it is wrapped. */
const unwrapped = (text: string): string => text.replace(/\s+/g, " ");

describe("a check as text", () => {
  it("has a row, the shortest of each kind, and the token of the shortest harm", () => {
    const violations = [
      violation({ steps: 30, schedule: "seed/truncate@5.15/x86:0.30" }),
      violation({}),
      violation({ kind: "RANGE_NOT_RECORDED", severity: "protocol", steps: 4, detail: "span" }),
    ];
    expect(format([row({ verdict: "violated", violations })])).toMatchInlineSnapshot(`
      "scenario  edition  back-end  verdict   states  transitions  seconds  violations (steps)              note
      --------  -------  --------  --------  ------  -----------  -------  ------------------------------  ----
      seed      5.15     x86       violated     700        1,200     0.05  STALE_WALK 9,
                                                                           RANGE_NOT_RECORDED 4 (span)

      1 check: violated 1 (harm is reachable).
      3 violations, each with the fewest steps that any schedule needs: all are confirmed, by a witness on
      concrete TLBs or as a fact of the run.

      The shortest harm of each violated row, step by step:
        shootdown replay seed/exit@5.15/x86:01.9  STALE_WALK after 9 steps
      "
    `);
  });

  it("says what hides a masked promise", () => {
    const violations = [violation({ kind: "RANGE_NOT_RECORDED", severity: "protocol", detail: "span" })];
    const text = format([row({ verdict: "masked", violations, hiddenBy: ["everything was flushed"] })]);
    expect(text).toContain("a  hidden by this: everything was flushed");
    expect(text).not.toContain("shootdown replay");
  });

  it("marks a violation without a witness, and calls it a defect unless no witness was wanted", () => {
    const rows = [row({ verdict: "violated", violations: [violation({ confirmed: false })] })];
    expect(format(rows)).toContain("STALE_WALK 9 UNCONFIRMED");
    expect(unwrapped(format(rows))).toContain("a defect of the simulator, please report it");
    const unwanted = format(rows, { ...asked, witness: false });
    expect(unwanted).not.toContain("UNCONFIRMED");
    expect(unwrapped(unwanted)).toContain("no witness was looked for (--no-witness)");
  });

  it("says which bound stopped a search, what was waiting, and how to raise it", () => {
    const bounded = row({ verdict: "bounded", complete: false, seconds: 2, queue: 1200 });
    expect(whyBounded({ ...bounded, stoppedBy: "states" }, asked)).toContain("raise it with --bound 10000");
    expect(whyBounded({ ...bounded, stoppedBy: "states" }, asked)).toContain("1,200 states were still waiting");
    expect(whyBounded({ ...bounded, stoppedBy: "time" }, { ...asked, time: 1.5 })).toContain("limit of 1.5 s");
    expect(whyBounded({ ...bounded, stoppedBy: "memory" }, { ...asked, memory: 64 })).toContain("its 64 MiB");
    expect(whyBounded({ ...bounded, stoppedBy: "interrupt" }, asked)).toContain("was interrupted");
  });
});
