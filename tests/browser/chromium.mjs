// A browser out of an npm package: Chromium's headless shell, the libraries a bare system lacks, and a font.

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKED = join(HERE, "node_modules", "@sparticuz", "chromium");
const ARGUMENTS = [
  "--no-sandbox", // root has none
  "--disable-gpu",
  "--disable-dev-shm-usage", // containers give it 64 MB
  "--disable-background-networking",
  "--disable-component-update",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", // no other host is to be found
];

export async function launch() {
  const home = await unpacked();
  const libraries = [join(home, "al2023", "lib"), home, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return chromium.launch({
    executablePath: join(home, "chromium"),
    args: ARGUMENTS,
    env: { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: join(home, "fonts.conf") },
  });
}

/** The unpacked files' directory: made once a version, beside the package, whole or not at all. */
async function unpacked() {
  const { version } = JSON.parse(await readFile(join(PACKED, "package.json"), "utf8"));
  const home = join(HERE, "node_modules", ".cache", `chromium-${version}`);
  if (existsSync(home)) return home;
  const making = `${home}.${process.pid}`;
  await mkdir(making, { recursive: true });
  process.env.TMPDIR = making; // where `inflate` writes
  for (const name of ["chromium.br", "fonts.tar.br", "al2023.tar.br", "swiftshader.tar.br"]) {
    await inflate(join(PACKED, "bin", name));
  }
  delete process.env.TMPDIR;
  await writeFile(join(making, "fonts.conf"), fontconfig(home));
  await rename(making, home).catch(() => rm(making, { recursive: true })); // another run was first
  return home;
}

function fontconfig(home) {
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(home, "fonts")}</dir><cachedir>${join(home, "fonts-cache")}</cachedir></fontconfig>
`;
}
