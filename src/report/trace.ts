/**
 * A story as a trace-viewer file (Perfetto, chrome://tracing): a process for each CPU, in it a track for each agent,
 * arrows from who interrupts to who takes the interrupt, an instant for each broken promise.
 *
 * A schedule has an order and no clock: each step takes ten microseconds, so that the n-th event begins at 10 n.
 * Reference: the Trace Event Format, which both viewers read.
 */
import type { Story, StoryStep } from "../explore/replay.js";
import type { StoryState } from "../explore/states.js";

/** An event; fields as the format names them. Times in microseconds. */
export interface TraceViewerEvent {
  readonly name: string;
  readonly ph: "X" | "i" | "s" | "f" | "M" | "C";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  readonly bp?: "e";
  readonly s?: "g";
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface TraceViewerFile {
  readonly displayTimeUnit: "ns";
  readonly otherData: Readonly<Record<string, string>>;
  readonly traceEvents: readonly TraceViewerEvent[];
}

const STEP_MICROSECONDS = 10;
const DURATION = 9;
/** The allocator is nobody's CPU. */
const ALLOCATOR = 1000;

const processOf = ({ cpu, who }: StoryStep): number => (who === "allocator" ? ALLOCATOR : cpu);

const named = (name: "process_name" | "thread_name", pid: number, tid: number, value: string): TraceViewerEvent => ({
  name,
  ph: "M",
  pid,
  tid,
  args: { name: value },
});

/** `states`: before the first step and after each; they give the number of entries that are owed. */
export function traceViewer(story: Story, states: readonly StoryState[] = []): TraceViewerFile {
  const agents = [...new Set(story.steps.map((step) => `${processOf(step)} ${step.who}`))];
  const threadOf = (step: StoryStep): number => agents.indexOf(`${processOf(step)} ${step.who}`) + 1;
  const names = new Map<string, TraceViewerEvent>();
  const events: TraceViewerEvent[] = [];
  /** Arrows that have begun, by the CPU that they go to. */
  const open = new Map<number, number[]>();
  let arrows = 0;
  story.steps.forEach((step, i) => {
    const [pid, tid, ts] = [processOf(step), threadOf(step), i * STEP_MICROSECONDS];
    const place = { pid, tid, ts };
    names.set(`${pid}`, named("process_name", pid, 0, pid === ALLOCATOR ? "allocator" : `CPU${pid}`));
    names.set(`${pid} ${tid}`, named("thread_name", pid, tid, step.who));
    const name = step.fn === "" ? step.effect : `${step.fn}: ${step.text}`;
    const { notes, effect } = step;
    const args = {
      effect,
      ...(step.step === undefined ? {} : { step: step.step }),
      ...(notes.length > 0 ? { notes } : {}),
    };
    events.push({ name, ph: "X", cat: step.step === undefined ? "witness" : "step", ...place, dur: DURATION, args });
    for (const cpu of step.interrupts ?? []) {
      const id = ++arrows;
      open.set(cpu, [...(open.get(cpu) ?? []), id]);
      events.push({ name: "flush interrupt", ph: "s", cat: "ipi", id, ...place, ts: ts + 1 });
    }
    if (step.who === "interrupt") {
      for (const id of open.get(step.cpu) ?? [])
        events.push({ name: "flush interrupt", ph: "f", bp: "e", cat: "ipi", id, ...place, ts: ts + 1 });
      open.delete(step.cpu);
    }
    for (const { kind, severity } of story.violations.filter((one) => one.step === step.step))
      events.push({ name: kind, ph: "i", s: "g", cat: severity, ...place, ts: ts + DURATION });
    const owed = step.step === undefined ? undefined : states[step.step]?.owed.length;
    if (owed !== undefined)
      events.push({ name: "entries owed", ph: "C", ...place, tid: 0, pid: 0, args: { entries: owed } });
  });
  const { token, scenario, edition, backend, hash } = story;
  return {
    displayTimeUnit: "ns",
    otherData: { token, scenario, edition, backend, hash },
    // An arrow to an interrupt that the schedule does not come to has no end: viewers would drop it anyway.
    traceEvents: [...names.values(), ...events.filter(({ ph, id }) => ph !== "s" || !isOpen(open, id as number))],
  };
}

const isOpen = (open: ReadonlyMap<number, readonly number[]>, id: number): boolean =>
  [...open.values()].some((ids) => ids.includes(id));
