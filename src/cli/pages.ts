/**
 * What `replay` writes beside its text: a page for people, a file for trace viewers.
 */
import type { Watch } from "../explore/replay.js";
import type { StageOptions } from "../explore/stage.js";
import { type StoryState, stateOf } from "../explore/states.js";
import { storyPage } from "../report/page.js";
import type { ToldStory } from "../report/replay.js";
import { traceViewer } from "../report/trace.js";
import { saveAs } from "./files.js";
import type { Session } from "./session.js";

export interface PageFlags {
  readonly html?: string;
  readonly trace?: string;
}

/** Looks on while a story is told, when a page of it is wanted. */
export class Onlooker {
  readonly #flags: PageFlags;
  readonly #states: StoryState[] = [];
  #what: StageOptions | undefined;

  constructor(flags: PageFlags) {
    this.#flags = flags;
  }

  readonly watch: Watch = (machine, what) => {
    if (this.#flags.html === undefined && this.#flags.trace === undefined) return;
    this.#what = what;
    this.#states.push(stateOf(machine, what));
  };

  /** Writes what is wanted. Throws an InputError for a place that cannot be written. */
  write(story: ToldStory, session: Session): void {
    const { html, trace } = this.#flags;
    if (this.#what === undefined) return;
    if (html !== undefined) {
      const { scenario, which } = this.#what;
      const cpus = scenario.cpus.map((_, cpu) => tasksOn(which, cpu));
      const { mms, title, story: about } = scenario;
      saveAs(html, storyPage({ story, states: this.#states, mms, cpus, title, about }));
      session.remark(`page written to ${html}`);
    }
    if (trace === undefined) return;
    saveAs(trace, `${JSON.stringify(traceViewer(story, this.#states))}\n`);
    session.remark(`trace written to ${trace}: open it in ui.perfetto.dev or chrome://tracing`);
  }
}

const tasksOn = ({ tasks }: StageOptions["which"], cpu: number): string =>
  tasks
    .filter((task) => task.cpu === cpu)
    .map(
      ({ name, calls }) =>
        `${name}: ${calls.map(({ call }) => (typeof call === "string" ? call : call.name)).join(", ")}`,
    )
    .join("; ");
