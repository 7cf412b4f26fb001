/**
 * A story as one self-contained page: what each CPU does in columns, and what stands in memory at each step.
 *
 * The page is data as JSON and the hand-written files of the folder page, put into one. It needs no network.
 */
import { readFileSync } from "node:fs";
import type { StoryStep } from "../explore/replay.js";
import type { StoryState } from "../explore/states.js";
import { reasonRows } from "./reason.js";
import type { ToldStory } from "./replay.js";
import { meanings } from "./words.js";

/** A story with what stands in memory before its first step and after each. */
export interface ShownStory {
  readonly story: ToldStory;
  readonly states: readonly StoryState[];
  /** Names of the mms, and of the tasks on each CPU. */
  readonly mms: readonly string[];
  readonly cpus: readonly string[];
  /** The scenario in a sentence. */
  readonly title: string;
  readonly about: string;
}

const part = (name: string): string => readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (one) => ESCAPES[one] ?? one);

/** What a page is made of: its style and script are files of the folder page. */
export interface PageParts {
  readonly title: string;
  readonly style: string;
  /** HTML. */
  readonly body: string;
  /** What the script reads. */
  readonly data?: unknown;
  readonly script?: string;
}

export function htmlPage({ title, style, body, data, script }: PageParts): string {
  // A "<" would let a string end the script that it stands in.
  const json = data === undefined ? undefined : JSON.stringify(data).replaceAll("<", "\\u003c");
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>\n${part("page.css")}${part(style)}</style>`,
    body,
    ...(json === undefined ? [] : [`<script type="application/json" id="data">${json}</script>`]),
    ...(script === undefined ? [] : [`<script>\n${part(script)}</script>`]),
    "</html>\n",
  ].join("\n");
}

type RowKind = "task" | "interrupt" | "witness";

interface Row extends StoryStep {
  readonly kind: RowKind;
  /** Number of the state after it. */
  readonly state: number;
  /** It is nobody's column: the allocator's. */
  readonly wide?: true;
}

/** Steps with the state that each leaves behind: what hardware does by itself leaves the tables as they are. */
function rowsOf(steps: readonly StoryStep[]): Row[] {
  let state = 0;
  return steps.map((step) => {
    state = step.step ?? state;
    const kind = step.step === undefined ? "witness" : step.who === "interrupt" ? "interrupt" : "task";
    return { ...step, kind, state, ...(step.who === "allocator" ? { wide: true } : {}) };
  });
}

/** The page of a story. */
export function storyPage({ story, states, mms, cpus, title, about }: ShownStory): string {
  const everUsed = (name: string): boolean =>
    states.some(({ frames }) => frames.some((frame) => frame.name === name && frame.use !== "free"));
  const frames = (states[0]?.frames ?? []).map(({ name }) => name).filter(everUsed);
  const heading = `${story.scenario}, case ${story.case}, in ${story.edition} on ${story.backend}`;
  const chips = story.violations.map(({ kind, severity, step, confirmed }) => {
    const doubt = confirmed ? "" : ", unconfirmed";
    return `<span class="chip ${severity}">${kind} at step ${step}${doubt}</span>`;
  });
  const why = reasonRows(story.reason, story.repair).map(
    ([head, text]) => `<dt>${escapeHtml(head)}</dt><dd>${escapeHtml(text)}</dd>`,
  );
  const body = part("story.html")
    .replace("{heading}", () => escapeHtml(heading))
    .replace("{about}", () => escapeHtml(`${title.charAt(0).toUpperCase()}${title.slice(1)}. ${about}`))
    .replace("{chips}", () => (chips.length > 0 ? chips.join("") : '<span class="chip">no promise is broken</span>'))
    .replace("{token}", () => escapeHtml(`shootdown replay '${story.token}'`))
    .replace("{why}", () =>
      why.length > 0 ? `<h2 class="why">Why it can happen</h2>\n<dl id="why">${why.join("\n")}</dl>` : "",
    );
  const data = { rows: rowsOf(story.steps), states, cpus, mms, frames, meanings, round: story.round };
  return htmlPage({ title: `${heading} - shootdown`, style: "story.css", body, data, script: "story.js" });
}
