/**
 * The JSON objects of `fuzz`, as zod schemas: strict, so that a field that nobody documents fails a test.
 */
import * as z from "zod";
import { strategies } from "../fuzz/arena.js";

const whole = z.int().min(0);

const finding = z.strictObject({
  kind: z.string(),
  severity: z.enum(["protocol", "harm"]),
  born: z.string(),
  where: z.string(),
  firstRun: whole,
  runs: whole,
  input: z.string().regex(/^([0-9a-f]{2})*$/),
});

export const fuzzOutput = z.strictObject({
  schema: z.literal("shootdown/fuzz@1"),
  edition: z.string(),
  backend: z.string(),
  strategy: z.enum(strategies),
  depth: whole,
  guided: z.boolean(),
  seed: whole,
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
  interrupted: z.literal(true).optional(),
});
