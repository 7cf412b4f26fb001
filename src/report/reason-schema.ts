/**
 * What `replay` says about a violation's reason and repair, and the schedule files that it writes and reads.
 */
import { z } from "zod";
import { violationKinds } from "../names.js";

const whole = z.int().min(0);
const moment = z.strictObject({ step: whole, who: z.string(), fn: z.string(), text: z.string() });

export const reason = z.strictObject({
  entry: z.string(),
  cpus: z.array(whole),
  since: whole,
  cleared: moment,
  owed: z.strictObject({
    verdict: z.enum(["late", "narrow", "elsewhere", "early", "none"]),
    flush: moment.optional(),
    reach: z.string().optional(),
  }),
  lock: z.strictObject({ name: z.string(), dropped: moment, taken: moment.optional() }).optional(),
});

export const repairs = z.strictObject({
  repairs: z.array(
    z.strictObject({
      kind: z.enum(["move", "widen", "insert", "commit"]),
      commit: z.string().optional(),
      fn: z.string(),
      file: z.string(),
      text: z.string(),
      backends: z.array(z.string()),
    }),
  ),
  tried: whole,
  searches: whole,
  states: whole,
  cases: whole,
  left: z.array(z.enum(violationKinds)),
  complete: z.boolean(),
});

export const savedSchedule = z.object({
  schema: z.literal("shootdown/schedule@1"),
  token: z.string(),
  version: z.string().optional(),
  configuration: z.object({ geometry: z.string(), cpus: whole, mms: whole, tasks: z.array(z.string()) }).optional(),
  listings: z.record(z.string(), z.string()).optional(),
  expected: z.array(z.object({ kind: z.string(), step: whole })).optional(),
  trace: z.string().optional(),
});
