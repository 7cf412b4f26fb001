/**
 * A counterexample as a table: step, CPU, task, kernel line, effect in plain words.
 *
 * Folded, steps of one task that change nothing another CPU may hold share one row, which names them all ("8-10").
 */
import type { Story, StoryStep } from "../explore/replay.js";
import type { RepairResult } from "../mutate/repair.js";
import type { ViolationKind } from "../names.js";
import type { Look, Paint } from "./paint.js";
import { formatReason } from "./reason.js";
import { listed, plural, table, wrap } from "./text.js";
import { meanings } from "./words.js";

export interface StoryLook extends Look {
  /** One row for several quiet steps of one task. */
  readonly folded: boolean;
}

const VIOLATION = /^>>> (\w+)$/;
const COLUMNS = [
  { head: "step", align: "right" },
  { head: "CPU" },
  { head: "task" },
  { head: "kernel line", flexible: true, least: 30 },
  { head: "effect", flexible: true, least: 40 },
] as const;

/** A story, and what repairs it when that was looked for. */
export type ToldStory = Story & { readonly repair?: RepairResult };

export function formatStory(story: ToldStory, look: StoryLook): string {
  const parts = [
    heading(story, look),
    storyTable(story, look),
    legend(story, look),
    verdict(story, look),
    formatReason(story.reason, story.repair, look),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** The table alone. */
export function storyTable(story: Story, look: StoryLook): string {
  const from = story.round?.from;
  const groups = look.folded ? fold(story.steps, from) : story.steps.map((step) => [step]);
  // The kernel line gets two fifths of what the two wide columns share.
  const kernel = Math.max(30, Math.floor((look.width - 28) * 0.4));
  const rows = groups.flatMap((group) => {
    const row = rowOf(group, look.paint, kernel);
    if (from === undefined || group[0]?.step !== from) return [row];
    return [["", "", "", "", look.paint("harm", ">>> from here on these steps repeat for ever:")], row];
  });
  return table(COLUMNS, rows, look);
}

function heading(story: Story, look: Look): string {
  const steps = story.steps.filter((step) => step.step !== undefined).length;
  const what = `${story.scenario}, case ${story.case}, in ${story.edition} on ${story.backend}`;
  return look.paint("title", `${what}: ${plural(steps, "step")}`);
}

function isWitness(step: StoryStep): boolean {
  return step.step === undefined;
}

/** Runs of steps of one task that nobody else can notice; every other step stands alone. */
function fold(steps: readonly StoryStep[], roundFrom = 0): StoryStep[][] {
  const groups: StoryStep[][] = [];
  let open: StoryStep[] | undefined;
  for (const step of steps) {
    const quiet = step.notes.length === 0 && !isWitness(step);
    if (quiet && open !== undefined && open[0]?.who === step.who && step.step !== roundFrom) {
      open.push(step);
      continue;
    }
    const group = [step];
    groups.push(group);
    open = quiet ? group : undefined;
  }
  return groups;
}

function rowOf(group: readonly StoryStep[], paint: Paint, kernelWidth: number): string[] {
  const first = group[0] as StoryStep;
  if (group.length > 1) return foldedRow(group, first, paint, kernelWidth);
  if (isWitness(first)) {
    const cpu = first.who === "allocator" ? "" : `CPU${first.cpu}`;
    return ["*", cpu, first.who, "", first.effect].map((cell) => paint("witness", cell));
  }
  const harm = first.notes.some((note) => VIOLATION.test(note));
  const quiet = first.notes.length === 0;
  const cells = [String(first.step), `CPU${first.cpu}`, first.who, kernelLine(first, kernelWidth)];
  return [...cells.map((cell) => (harm ? paint("harm", cell) : cell)), effectOf(first, quiet, paint)];
}

/** A scenario's own lines, such as a wait, are no kernel function. */
const functionOf = ({ fn }: StoryStep): string => (fn === "await-clear" ? "(scenario)" : fn);

/** "function: line", broken after the function when it is too long for one line. */
function kernelLine({ fn, text }: StoryStep, width: number): string {
  const line = text === "(scenario)" ? text : `${fn}: ${text}`;
  return line.length <= width ? line : `${fn}:\n  ${text}`;
}

function effectOf(step: StoryStep, quiet: boolean, paint: Paint): string {
  if (quiet) return step.effect;
  const broken = step.notes.flatMap((note) => VIOLATION.exec(note)?.[1] ?? []) as ViolationKind[];
  const others = step.notes.filter((note) => !VIOLATION.test(note));
  return [
    step.effect,
    ...others.map((note) => paint("owed", `- ${note}`)),
    ...broken.map((kind) => paint("harm", `>>> ${kind}: ${meanings[kind] ?? "a promise is broken"}`)),
  ].join("\n");
}

function foldedRow(group: readonly StoryStep[], first: StoryStep, paint: Paint, kernelWidth: number): string[] {
  const range = `${first.step}-${group.at(-1)?.step}`;
  const functions = [...new Set(group.map(functionOf))].join(", ");
  const effects = foldEffects(group.map((step) => step.effect));
  const cells = [range, `CPU${first.cpu}`, first.who, wrap(functions, kernelWidth), effects];
  return cells.map((cell) => paint("quiet", cell));
}

const LOCKING = /^(takes|drops) (.+?)( for write| for read)?$/;

/** The sentences of quiet steps as one, each once, with locks that are taken or dropped together named together. */
function foldEffects(effects: readonly string[]): string {
  const parts: { verb: string; objects: string[] }[] = [];
  for (const effect of effects) {
    const match = LOCKING.exec(effect);
    const lock = match !== null && /lock|rwsem|ptl|mutex/.test(match[2] as string);
    const [verb, object] = lock ? [match[1] as string, match[2] as string] : ["", effect];
    const last = parts.at(-1);
    if (lock && last?.verb === verb) last.objects.push(object);
    else if (!parts.some((part) => part.verb === "" && part.objects[0] === effect))
      parts.push({ verb, objects: [object] });
  }
  return parts.map(({ verb, objects }) => (verb === "" ? objects.join("") : `${verb} ${listed(objects)}`)).join("; ");
}

function legend(story: Story, look: StoryLook): string {
  const lines: string[] = [];
  if (story.steps.some((step) => /\d+G/.test(step.effect))) {
    lines.push("1G+2M is an address; T3 is a page table, h1 a huge page, p1 a base page, each numbered in its pool.");
  }
  if (story.steps.some(isWitness)) {
    lines.push(
      "* is the witness: what hardware and the pages' next owner do. It ran on TLBs simulated entry by entry, with " +
        "this machine's own invalidations, and really reached that page.",
    );
  }
  if (look.folded) lines.push("Rows such as 8-10 fold steps that no other CPU can notice.");
  return lines.map((line) => look.paint("quiet", wrap(line, look.width))).join("\n");
}

function verdict(story: Story, look: StoryLook): string {
  if (story.violations.length === 0) return `No promise is broken on this schedule. Final state ${story.hash}.`;
  const lines = story.violations.map((violation) => {
    const name = look.paint(violation.severity === "harm" ? "harm" : "masked", violation.kind);
    const doubt = violation.confirmed
      ? "confirmed"
      : look.paint("harm", "UNCONFIRMED (a defect of the simulator, please report it)");
    return `  step ${String(violation.step).padStart(3)}  ${name} (${violation.severity}), ${doubt}`;
  });
  return ["Broken promises:", ...lines, `Final state ${story.hash}.`].join("\n");
}
