/**
 * The folder of a campaign: its state, and a case file for each finding. Every file is written whole or not at all.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FuzzResult } from "../fuzz/fuzz.js";
import { replaceFile } from "./files.js";

export class CampaignFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(join(path, "findings"), { recursive: true });
  }

  get #state(): string {
    return join(this.#path, "campaign.bin");
  }

  /** The campaign, if one was saved. */
  read(): Uint8Array | undefined {
    return existsSync(this.#state) ? new Uint8Array(readFileSync(this.#state)) : undefined;
  }

  write(state: Uint8Array): void {
    replaceFile(this.#state, state);
  }

  /** One file for each case, named by what it shows. Gives their paths. */
  writeCases(result: FuzzResult): string[] {
    return result.findings.flatMap((finding) => {
      if (finding.case === undefined) return [];
      const text = `${JSON.stringify(finding.case, null, 2)}\n`;
      const name = createHash("sha256").update(`${finding.born} ${finding.where}`).digest("hex").slice(0, 8);
      const file = join(this.#path, "findings", `${finding.kind.toLowerCase().replaceAll("_", "-")}-${name}.json`);
      replaceFile(file, text);
      return [file];
    });
  }
}
