/**
 * What a search says about itself in a row of `shootdown check`, a witness, and the parameters of a scenario, as zod
 * schemas.
 */
import * as z from "zod";

const whole = z.int().min(0);

export const searchFields = {
  hardware: z.enum(["enumerated", "saturated"]),
  reduce: z.enum(["none", "por", "sym", "all"]).optional(),
  spared: whole.optional(),
  passes: whole.optional(),
  parameters: z.record(z.string(), z.union([z.string(), whole])).optional(),
  bytesPerState: z.number().min(0),
  stoppedBy: z.enum(["states", "memory", "steps", "time", "interrupt", "store"]).optional(),
  store: z.enum(["wide", "compact", "bitstate"]).optional(),
  expectedOmissions: z.number().min(0).optional(),
  queue: whole.optional(),
  estimate: z.strictObject({ states: whole, low: whole, high: whole }).optional(),
  violationInstances: whole.optional(),
  badStates: whole.optional(),
  shortestBadDepth: whole.nullable().optional(),
  setHash: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
};

export const parameters = z.array(
  z.strictObject({
    name: z.string(),
    title: z.string(),
    default: z.union([z.string(), whole]),
    least: whole.optional(),
    most: whole.optional(),
    words: z.array(z.string()).optional(),
  }),
);

export const witness = z.strictObject({
  cpu: whole,
  steps: z.array(
    z.strictObject({
      before: whole,
      cpu: whole,
      what: z.enum(["fill", "fill-pointer", "reuse", "access", "write", "walk"]),
      address: whole,
      frame: whole,
    }),
  ),
  frame: whole,
  value: whole,
});
