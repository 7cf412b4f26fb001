/**
 * The schema of a step as `replay --json` tells it.
 */
import { z } from "zod";

const whole = z.int().min(0);

export const storyStep = z.strictObject({
  step: whole.optional(),
  cpu: whole,
  who: z.string(),
  fn: z.string(),
  text: z.string(),
  effect: z.string(),
  notes: z.array(z.string()),
  interrupts: z.array(whole).optional(),
  caches: z.string().optional(),
});
