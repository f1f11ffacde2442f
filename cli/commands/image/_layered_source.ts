/**
 * Images of container images and archives, whose files go straight into a store.
 *
 * @module
 */

import { encodeSource } from "../../../lib/composefs/image.ts";
import { UsageError } from "../../args/usage_error.ts";
import { readLayered } from "../../references/layered.ts";
import type { LayeredTransport } from "../../references/layers.ts";
import { openedStore } from "./_opened_store.ts";
import type { Source } from "./_source.ts";
import { countRead } from "./_summary.ts";
import { wantedAlgorithms } from "./_wanted_images.ts";

/** What references of a transport name. */
export function layeredSource(transport: LayeredTransport): Source {
  return {
    check({ cache, oneFileSystem }) {
      if (cache !== undefined) throw refusal("--cache", "all of it is read");
      if (oneFileSystem) throw refusal("--one-file-system", "it is on none");
    },
    async read(options, { source, shown, stream }, changes, context) {
      const { as: rules = "container", platform, maxSize, trustToc, threads } = options;
      const algorithms = wantedAlgorithms(options);
      using opened = openedStore(options, context);
      const read = await readLayered(transport, { shown, rest: source, stream, context }, {
        algorithms,
        store: opened.store,
        threads,
        rules,
        platform,
        maxSize,
        trustToc,
        xattrs: changes.keptXattrs,
        transform: changes.after(rules),
      });
      opened.tell();
      const added = opened.store?.added;
      return {
        encode: ({ algorithm, range }) => encodeSource(read, { ...range, algorithm }),
        count: (lacks) => countRead(read, algorithms[0]!, lacks ?? added),
      };
    },
  };
}

function refusal(option: string, reason: string): UsageError {
  return new UsageError(`Cannot use ${option} with layers as SOURCE: ${reason}`, { usage: false });
}
