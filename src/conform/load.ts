/**
 * Recordings from disk: one file, a folder of one kernel, or a folder of such folders. Files may be packed.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { InputError } from "../error.js";
import { openBytes } from "../workload/bytes.js";
import type { NamedRecording } from "./conform.js";
import { parseRecording } from "./recording.js";

const RECORDING = /\.json(\.(xz|gz|zst))?$/;

/** Reads every recording under a path. Throws an InputError when there is none, or when one is not good. */
export async function loadRecordings(path: string, signal?: AbortSignal): Promise<NamedRecording[]> {
  const files = await filesUnder(path);
  if (files.length === 0) {
    throw new InputError("there is no recording", {
      source: path,
      remedy: "give a folder with .json files (or .json.xz)",
    });
  }
  const found: NamedRecording[] = [];
  for (const file of files) {
    const pieces: Buffer[] = [];
    for await (const piece of openBytes(file, signal)) pieces.push(Buffer.from(piece));
    const recording = parseRecording(Buffer.concat(pieces).toString("utf8"), file);
    const folder = basename(dirname(file));
    // A recording says which kernel it is of; a folder's name is the second best.
    const kernel = /\d+\.\d+/.test(recording.label) ? recording.label : folder;
    const name = basename(file).replace(RECORDING, "");
    found.push({ file: `${kernel}/${name}`, kernel, recording });
  }
  return found;
}

async function filesUnder(path: string): Promise<string[]> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch {
    throw new InputError("there is no such file or folder", {
      source: path,
      remedy: "give a recording, or a folder of them",
    });
  }
  if (!isFolder) return [path];
  const names = (await readdir(path, { recursive: true })).filter((name) => RECORDING.test(name));
  return names.map((name) => join(path, name)).sort((a, b) => (relative(path, a) < relative(path, b) ? -1 : 1));
}
