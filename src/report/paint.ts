/**
 * Colour, or none: what a report asks for is a meaning, what it gets is text.
 */
import { styleText } from "node:util";

const FORMATS = {
  title: ["bold"],
  head: ["bold"],
  holds: ["green"],
  masked: ["yellow"],
  violated: ["red"],
  bounded: ["cyan"],
  harm: ["bold", "red"],
  witness: ["magenta"],
  owed: ["yellow"],
  // Not "dim": cli-table3 does not carry it over to the next line of a cell.
  quiet: ["gray"],
  command: ["cyan"],
} as const;

export type Meaning = keyof typeof FORMATS;
export type Paint = (meaning: Meaning, text: string) => string;

export const plain: Paint = (_, text) => text;

/** The decision to colour is the caller's: the stream is not asked again. */
export const coloured: Paint = (meaning, text) => styleText([...FORMATS[meaning]], text, { validateStream: false });

/** How a report is to look. */
export interface Look {
  readonly paint: Paint;
  /** Columns to fill at most. */
  readonly width: number;
}
