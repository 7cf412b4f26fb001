/**
 * The JSON objects of `fuzz`, as zod schemas: strict, so that a field that nobody documents fails a test.
 */
import * as z from "zod";
import { strategies, KINDS as violationKinds } from "../fuzz/arena.js";
import { violationKinds as everyKind } from "../names.js";
import { witness } from "./check-schema.js";

const whole = z.int().min(0);

const callStep = z.object({ call: z.string(), args: z.record(z.string(), whole) });
const part = z.object({ cpu: whole, mm: z.string(), calls: z.array(callStep) });

/** What `replay` reads: later versions may add fields. */
export const caseFile = z.object({
  schema: z.literal("shootdown/case@1"),
  edition: z.string(),
  backend: z.string(),
  program: z.object({
    theme: z.enum(["hugetlb", "files", "anonymous", "guests", "kernel"]).optional(),
    errata: z.array(z.enum(["invlpg-global", "dsb-early"])).optional(),
    cpus: z.array(z.string().nullable()).min(1).max(31),
    files: z.array(whole).min(1),
    setup: z.array(part),
    tasks: z.array(part).min(1),
  }),
  schedule: z.string(),
  steps: whole,
  violation: z.object({
    kind: z.enum(violationKinds),
    severity: z.enum(["protocol", "harm"]),
    where: z.string(),
    confirmed: z.boolean(),
  }),
  listings: z.record(z.string(), z.string()).optional(),
  trace: z.string().optional(),
});

const finding = z.strictObject({
  kind: z.string(),
  severity: z.enum(["protocol", "harm"]),
  born: z.string(),
  where: z.string(),
  firstRun: whole,
  runs: whole,
  input: z.string().regex(/^([0-9a-f]{2})*$/),
  case: caseFile.optional(),
  race: z
    .strictObject({
      scenario: z.string(),
      case: z.string(),
      edition: z.string(),
      backend: z.string(),
      schedule: z.string(),
      stepsDrawn: whole,
      steps: whole,
      confirmed: z.boolean(),
      witness: witness.optional(),
    })
    .optional(),
});

const race = z.strictObject({
  scenario: z.string(),
  case: z.string(),
  edition: z.string(),
  backend: z.string(),
  runs: whole,
  steps: whole,
  harmRuns: whole,
  firstHarm: whole.optional(),
  agents: whole,
  longest: whole,
  pctBound: z.number().min(0).max(1).optional(),
  bounded: whole,
  overflowed: whole,
});

export const fuzzOutput = z.strictObject({
  schema: z.literal("shootdown/fuzz@1"),
  edition: z.string(),
  backend: z.string(),
  strategy: z.enum(strategies),
  depth: whole,
  guided: z.boolean(),
  seed: whole,
  jobs: whole.optional(),
  runs: whole,
  programs: whole,
  steps: whole,
  seconds: z.number().min(0),
  runsPerSecond: z.number().min(0),
  coverage: whole,
  corpus: z.strictObject({ entries: whole, hash: z.string() }),
  bounded: whole,
  overflowed: whole,
  rejected: whole,
  findings: z.array(finding),
  races: z.array(race).optional(),
  interrupted: z.literal(true).optional(),
});

/** `fuzz --input`. */
export const fuzzInputOutput = z.strictObject({
  schema: z.literal("shootdown/fuzz-input@1"),
  edition: z.string(),
  backend: z.string(),
  steps: whole,
  violations: z.array(
    z.strictObject({
      kind: z.enum(everyKind),
      severity: z.enum(["protocol", "harm"]),
      step: whole,
      where: z.string(),
    }),
  ),
  program: caseFile.shape.program,
  schedule: z.array(whole),
  canonical: z.string().regex(/^([0-9a-f]{2})*$/),
  hash: z.string(),
});
