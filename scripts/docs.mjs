// `npm run docs`: writes docs/bugs from the scenarios, by checking each bug's pair of editions on every machine.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bugPages, surveyAll } from "../dist/src/report/bugs.js";

const folder = fileURLToPath(new URL("../docs/bugs/", import.meta.url));
mkdirSync(folder, { recursive: true });
const pages = bugPages(await surveyAll());
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(folder + name);
for (const [name, text] of pages) writeFileSync(folder + name, text);
console.log(`docs/bugs: ${pages.size} pages`);
