/**
 * Every JSON object that the command prints or reads, as zod schemas. docs/json.md says the same in words.
 *
 * Objects are strict where we write them, so that a field that is not documented fails the tests; what we read back is
 * taken from files of any later version, so unknown fields are passed over there.
 */
import * as z from "zod";
import { violationKinds } from "../names.js";
import { parameters, searchFields, witness } from "./check-schema.js";
import { reason, repairs, savedSchedule } from "./reason-schema.js";
import { tlbPreset } from "./tlb-schema.js";

const whole = z.int().min(0);
const verdict = z.enum(["holds", "masked", "violated", "bounded"]);
const severity = z.enum(["protocol", "harm"]);
const kind = z.enum(violationKinds);

const violation = z.strictObject({
  kind,
  severity,
  confirmed: z.boolean(),
  case: z.string(),
  schedule: z.string(),
  steps: whole,
  detail: z.string().optional(),
  where: z.string(),
  witness: witness.optional(),
  path: z.array(z.string()).optional(),
});

export const checkRow = z.strictObject({
  scenario: z.string(),
  edition: z.string(),
  backend: z.string(),
  verdict,
  complete: z.boolean(),
  states: whole,
  transitions: whole,
  depth: whole,
  seconds: z.number().min(0),
  collisionProbability: z.number().min(0),
  violations: z.array(violation),
  hiddenBy: z.array(z.string()),
  sometimes: z.record(z.string(), z.boolean()),
  cases: z.record(z.string(), whole),
  note: z.string().optional(),
  ...searchFields,
});

export const checkOutput = z.strictObject({
  schema: z.literal("shootdown/check@1"),
  results: z.array(checkRow),
  interrupted: z.literal(true).optional(),
});

export const replayOutput = z.strictObject({
  schema: z.literal("shootdown/replay@1"),
  token: z.string(),
  scenario: z.string(),
  case: z.string(),
  edition: z.string(),
  backend: z.string(),
  steps: z.array(
    z.strictObject({
      step: whole.optional(),
      cpu: whole,
      who: z.string(),
      fn: z.string(),
      text: z.string(),
      effect: z.string(),
      notes: z.array(z.string()),
    }),
  ),
  violations: z.array(z.strictObject({ kind, severity, step: whole, confirmed: z.boolean() })),
  reason: reason.optional(),
  repair: repairs.optional(),
  saved: z.strictObject({ version: z.string().optional(), same: z.boolean(), changed: z.array(z.string()) }).optional(),
  hash: z.string(),
});

const named = { name: z.string(), title: z.string() };
const listOf = <What extends string, Item extends z.ZodType>(what: What, item: Item) =>
  z.strictObject({ schema: z.literal("shootdown/list@1"), what: z.literal(what), items: z.array(item) });

export const listOutput = z.discriminatedUnion("what", [
  listOf(
    "editions",
    z.strictObject({
      ...named,
      base: z.string(),
      commit: z.string().optional(),
      patch: z.string().optional(),
      with: z.array(z.string()).optional(),
      without: z.array(z.string()).optional(),
    }),
  ),
  listOf("backends", z.strictObject(named)),
  listOf(
    "scenarios",
    z.strictObject({
      ...named,
      aliases: z.array(z.string()),
      bug: z.string(),
      commits: z.array(z.string()),
      cases: z.array(z.string()),
      geometry: z.string(),
      story: z.string(),
      vulnerable: z.string().optional(),
      fixed: z.string().optional(),
      parameters: parameters.optional(),
    }),
  ),
  listOf(
    "bugs",
    z.strictObject({
      id: z.string(),
      title: z.string(),
      cve: z.array(z.string()),
      commits: z.array(z.string()),
      kernels: z.string(),
      scenarios: z.array(z.string()),
      missing: z.string().optional(),
    }),
  ),
  listOf("calls", z.strictObject({ name: z.string(), file: z.string(), arguments: z.array(z.string()) })),
  listOf(
    "geometries",
    z.strictObject({ ...named, bits: z.array(whole), ceiling: whole, dvmOps: whole, fenceOps: whole }),
  ),
  listOf("tlbs", tlbPreset),
]);

const functionDifference = z.strictObject({
  file: z.string(),
  function: z.string(),
  calls: z.array(z.string()),
  lines: z.array(z.strictObject({ sign: z.enum(["+", "-"]), text: z.string(), commit: z.string().optional() })),
});

export const diffOutput = z.strictObject({
  schema: z.literal("shootdown/diff@1"),
  before: z.string(),
  after: z.string(),
  functions: z.array(functionDifference),
});

const counts = z.record(z.string(), whole);

const editionResult = z.strictObject({
  edition: z.string(),
  calls: counts,
  faults: whole,
  tables: z.strictObject({
    now: whole,
    peak: whole,
    kibNow: whole,
    kibPeak: whole,
    chargedNow: whole,
    chargedPeak: whole,
    chargedKibNow: whole,
    chargedKibPeak: whole,
    freed: whole,
  }),
  sharing: z.strictObject({ attached: whole, detached: whole, sharersPeak: whole }),
  flushes: z.strictObject({ asked: whole, full: whole, broadcasts: whole }),
  ipis: whole,
  pagesFreed: whole,
  violations: z.array(
    z.strictObject({
      kind,
      severity,
      line: whole,
      pid: whole,
      call: z.string(),
      function: z.string(),
      text: z.string(),
      calls: whole,
    }),
  ),
  processes: z.array(z.strictObject({ pid: whole, line: whole, peakKib: whole })),
  steps: whole,
  seconds: z.number().min(0),
  bounded: z.array(z.string()),
});

export const runOutput = z.strictObject({
  schema: z.literal("shootdown/run@1"),
  log: z.string(),
  backend: z.string(),
  cpus: whole,
  touch: z.enum(["none", "first", "ends", "all"]),
  policy: z.string(),
  lines: whole,
  events: whole,
  failed: whole,
  ignored: counts,
  processes: whole,
  editions: z.array(editionResult),
});

const causeCounts = z.strictObject({
  recorded: whole,
  exact: whole,
  range: whole,
  count: whole,
  missed: whole,
  extra: whole,
});

export const faultLogOutput = z.strictObject({
  schema: z.literal("shootdown/run-faults@1"),
  log: z.string(),
  form: z.enum(["ops", "perf"]),
  edition: z.string(),
  lines: whole,
  events: whole,
  faults: whole,
  calls: whole,
  tasks: whole,
  cpus: whole,
  flushes: causeCounts,
  causes: z.record(z.string(), causeCounts),
  taskSwitches: whole,
  remote: whole,
  beforeExec: whole,
  lost: whole,
  unpaired: whole,
  seconds: z.number().min(0),
});

export const conformOutput = z.strictObject({
  schema: z.literal("shootdown/conform@1"),
  operations: whole,
  compared: whole,
  agreed: whole,
  unrepeatable: whole,
  unsupported: whole,
  rows: z.array(
    z.strictObject({
      kernel: z.string(),
      file: z.string(),
      edition: z.string(),
      note: z.string().optional(),
      scenarios: whole,
      operations: whole,
      compared: whole,
      agreed: whole,
      unrepeatable: whole,
      unsupported: whole,
    }),
  ),
  disagreements: z.array(
    z.strictObject({
      kernel: z.string(),
      file: z.string(),
      scenario: z.string(),
      op: whole,
      line: z.string(),
      field: z.enum(["result", "status", "counters", "events", "switches"]),
      recorded: z.string(),
      predicted: z.string(),
      explanation: z.string(),
    }),
  ),
  skipped: z.array(z.strictObject({ file: z.string(), scenario: z.string(), line: z.string(), why: z.string() })),
});

export const storyOutput = z.strictObject({
  schema: z.literal("shootdown/story@1"),
  run: runOutput,
  counterexample: replayOutput,
  history: z.array(checkRow),
  whatIfs: z.array(checkRow),
  relatives: z.array(checkRow),
});

/** What `replay FILE` reads: a schedule of its own, or what `check` and `replay` printed. */
export const scheduleFile = z.discriminatedUnion("schema", [
  savedSchedule,
  z.object({ schema: z.literal("shootdown/replay@1"), token: z.string() }),
  z.object({
    schema: z.literal("shootdown/check@1"),
    results: z.array(z.object({ violations: z.array(z.object({ schedule: z.string(), severity, steps: whole })) })),
  }),
]);

export const exportOutput = z.strictObject({
  schema: z.literal("shootdown/export@1"),
  language: z.literal("promela"),
  scenario: z.string(),
  case: z.string(),
  edition: z.string(),
  backend: z.string(),
  lines: whole,
  model: z.string().optional(),
  output: z.string().optional(),
});
