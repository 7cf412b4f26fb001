/**
 * The JSON of what goes over listings and searches beside `check`: mutants.
 */
import * as z from "zod";

const whole = z.int().min(0);

const saved = z.strictObject({
  scenario: z.string(),
  case: z.string(),
  backend: z.string(),
  flushes: z.int(),
  ipis: z.int(),
  tlbis: z.int(),
});

const mutant = z.strictObject({
  id: z.string(),
  kind: z.enum(["drop", "swap", "narrow"]),
  fn: z.string(),
  file: z.string(),
  line: z.string(),
  verdict: z.enum(["found", "equivalent", "unreached", "survived"]),
  violation: z.string().optional(),
  scenario: z.string().optional(),
  case: z.string().optional(),
  backend: z.string().optional(),
  reason: z.string().optional(),
  searches: whole,
  states: whole,
  saves: saved.optional(),
});

export const mutateOutput = z.strictObject({
  schema: z.literal("shootdown/mutate@1"),
  edition: z.string(),
  calls: z.array(z.string()),
  counts: z.strictObject({ found: whole, equivalent: whole, unreached: whole, survived: whole }),
  needless: z.array(z.string()),
  results: z.array(mutant),
  interrupted: z.boolean().optional(),
  seconds: z.number(),
});
