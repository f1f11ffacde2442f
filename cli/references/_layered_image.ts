/**
 * Container images and archives as images: `tar:`, `oci:` and so on.
 *
 * @module
 */

import { encodeSource } from "../../lib/composefs/image.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { variable } from "../runtime.ts";
import { readLayered } from "./layered.ts";
import type { LayeredTransport } from "./layers.ts";
import { type Named, openedImage, type OpenedReference, type Opener } from "./opened.ts";

/** Opens what references of a transport name. */
export function openLayeredBy(transport: LayeredTransport): Opener {
  return (named) => openLayered(transport, named);
}

/** What is digested by, as by default in images. */
const ALGORITHM = "sha256";

/** A directory for temporary files that may be large. */
const TEMPORARY = "/var/tmp";

async function openLayered(
  transport: LayeredTransport,
  named: Named,
): Promise<OpenedReference> {
  const { options, context: { machine } } = named;
  const { as: rules = "container", platform, maxSize, trustToc, threads } = options;
  // What comes by is not there any more when it is asked for.
  const scratch = options.needsContents === true
    ? machine.openScratchStore(utf8(variable("TMPDIR") || TEMPORARY))
    : undefined;
  const close = () => scratch?.[Symbol.dispose]();
  try {
    const source = await readLayered(transport, named, {
      algorithms: [ALGORITHM],
      store: scratch?.store,
      rules,
      platform,
      maxSize,
      trustToc,
      threads,
    });
    const layers = scratch === undefined ? [] : [scratch.layer];
    return openedImage(encodeSource(source), named, {
      layers,
      hasPassed: scratch === undefined,
      close,
    });
  } catch (error) {
    close();
    throw error;
  }
}
