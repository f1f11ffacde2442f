/**
 * Opens a page in a headless browser and waits for what it sends back.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";

/** What the browser is shown. */
export interface Visit {
  /** The page. It answers by a POST to `/answer`. */
  readonly page: string;
  /** Directory of the files that it can ask for. */
  readonly files: string;
  /** Directory for the browser's own. */
  readonly directory: string;
}

/** Without a window, and without a look at anything but the page: it asks for much of its own accord. */
const OPTIONS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const TYPES: Readonly<Record<string, string>> = { js: "text/javascript", html: "text/html" };

const LIMIT_MILLISECONDS = 60_000;

function serveFile(files: string, pathname: string): Response {
  const path = join(files, normalize(pathname));
  try {
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return new Response(new Uint8Array(readFileSync(path)), { headers: { "content-type": type } });
  } catch {
    // The page gets 404 for whatever cannot be read.
    return new Response("Not found", { status: 404 });
  }
}

/**
 * Shows a page.
 *
 * @returns What it has sent back.
 * @throws {Error} If nothing came within a minute.
 */
export async function browserPage(
  browser: string,
  { page, files, directory }: Visit,
): Promise<string> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<string>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") {
      return new Response(page, { headers: { "content-type": TYPES["html"]! } });
    }
    if (pathname !== "/answer") return serveFile(files, pathname);
    resolve(await request.text());
    return new Response();
  });
  const profile = mkdtempSync(join(directory, "browser-"));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const child = spawn(browser, [...OPTIONS, `--user-data-dir=${profile}`, url], {
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const timer = setTimeout(() => reject(new Error("no answer")), LIMIT_MILLISECONDS);
  child.once("error", reject);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    child.kill();
    await ended;
    await server.shutdown();
  }
}
