/**
 * A registry on this machine that npm installs from: it has just the packages that it is given.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { output } from "./process.ts";

/** One package of one version, as a registry tells of it. */
interface Published {
  readonly manifest: { readonly name: string; readonly version: string };
  readonly archive: Uint8Array<ArrayBuffer>;
  readonly file: string;
}

function publish(path: string): Published {
  const text = output(["tar"], ["-xzOf", path, "package/package.json"]);
  return {
    manifest: JSON.parse(new TextDecoder().decode(text)),
    archive: new Uint8Array(readFileSync(path)),
    file: basename(path),
  };
}

/** What npm asks for first: every version, and where it is. */
function packument({ manifest, archive, file }: Published, origin: string): unknown {
  const hash = createHash("sha512").update(archive).digest("base64");
  const dist = { tarball: `${origin}/${file}`, integrity: `sha512-${hash}` };
  return {
    name: manifest.name,
    "dist-tags": { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  };
}

/**
 * Serves packages while something runs.
 *
 * @param paths Packages as `npm publish` takes them.
 * @param run Gets the registry's URL, and a list of the packages that were fetched.
 */
export async function withRegistry(
  paths: readonly string[],
  run: (url: string, fetched: readonly string[]) => Promise<void>,
): Promise<void> {
  const packages = paths.map(publish);
  const fetched: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const { origin, pathname } = new URL(url);
    const name = decodeURIComponent(pathname.slice(1));
    const archived = packages.find(({ file }) => file === name);
    if (archived !== undefined) {
      fetched.push(archived.manifest.name);
      return new Response(archived.archive);
    }
    const known = packages.find(({ manifest }) => manifest.name === name);
    return known === undefined
      ? Response.json({ error: "Not found" }, { status: 404 })
      : Response.json(packument(known, origin));
  });
  try {
    await run(`http://127.0.0.1:${server.addr.port}`, fetched);
  } finally {
    await server.shutdown();
  }
}
