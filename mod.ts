/**
 * composefs images as a library: make them of trees and dump files, read them back file by file, verify them and
 * their objects, write them as dump files and tar archives, digest files as fs-verity does.
 *
 * Nothing here touches an operating system. What does is behind ports: {@linkcode SourceTree}, {@linkcode File},
 * {@linkcode ObjectStore}, {@linkcode DataLayer}, {@linkcode Hashers}. `composefs-ts/linux` has them by the kernel,
 * for Deno and Bun, and `composefs-ts/node` by `node:fs`.
 *
 * Inside, all is synchronous, for that is where the speed is. What has to be fetched is fetched before, into memory
 * or a store.
 *
 * @example An image of a tree in memory, and a file of it read back verified
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   createImage,
 *   MemoryStore,
 *   memoryTree,
 *   openContent,
 *   openImage,
 *   readWhole,
 *   storeLayer,
 * } from "composefs-ts";
 *
 * const store = new MemoryStore();
 * const motd = "Welcome!\n".repeat(10);
 * const bytes = await createImage(memoryTree({ "etc": { "motd": motd } }), { store });
 *
 * const { node } = openImage(bytes).lookup("/etc/motd");
 * if (node.kind !== "regular") throw new Error("no regular file");
 * using contents = openContent(node, { layers: [storeLayer(store)] });
 * assertEquals(new TextDecoder().decode(readWhole(contents)), motd);
 * ```
 *
 * @module
 */

export {
  createImage,
  createImageFromDump,
  type CreateImageFromDumpOptions,
  type CreateImageOptions,
  encodeImage,
  type EncodeImageOptions,
  encodeSource,
  type EncodeSourceOptions,
  type ReadSource,
  readSource,
  type ReadSourceOptions,
} from "./lib/composefs/image.ts";
export type { ImageDirectory, ImageEntry } from "./lib/composefs/image_entry.ts";
export {
  type Amount,
  type ImageSummary,
  type LargeEntry,
  summarizeImage,
} from "./lib/composefs/image_summary.ts";
export { type ComposefsImage, openImage, type ReadTreeOptions } from "./lib/composefs/open.ts";
export { type Contents, INLINE_THRESHOLD } from "./lib/composefs/contents.ts";
export {
  type ContentSink,
  type ContentStream,
  SequentialSink,
} from "./lib/composefs/content_sink.ts";
export type { FileReader, ReadFilesOptions } from "./lib/composefs/file_reader.ts";
export type { ImageView } from "./lib/composefs/unoverlay.ts";
export {
  type Finding,
  type ImageFinding,
  type ObjectFinding,
  verifyImage,
  type VerifyOptions,
  type VerifySummary,
} from "./lib/composefs/verify.ts";
export type { FormatVersion, VersionRange } from "./lib/composefs/version.ts";

export { DumpfileParser, parseDumpfile, type ParseDumpfileOptions } from "./lib/dumpfile/parse.ts";
export { writeDumpfile } from "./lib/dumpfile/write.ts";
export { DumpfileSyntaxError } from "./lib/dumpfile/syntax_error.ts";

export { type Compression, detectCompression, DETECTION_LENGTH } from "./lib/compression/detect.ts";
export {
  type Chunks,
  type Decode,
  decodeBy,
  type DecodeOptions,
} from "./lib/compression/decode.ts";
export {
  type CompressedDataCode,
  CompressedDataError,
  UnsupportedCompressionError,
} from "./lib/compression/compression_error.ts";
export type { Decoders, GzipDecoder, ZstdDecoder } from "./lib/compression/decoders.ts";

export type { TarMember, TarMemberKind, TarSink } from "./lib/tar/member.ts";
export type { TarLimits } from "./lib/tar/limits.ts";
export { readTar, TarReader } from "./lib/tar/read.ts";
export { TarFormatError } from "./lib/tar/tar_format_error.ts";
export { writeTar, type WriteTarOptions } from "./lib/tar/write.ts";

export { type LayerMember, LayerMerger, type LayerRules } from "./lib/layers/merge.ts";
export { LayerError } from "./lib/layers/layer_error.ts";
export {
  type LayerSource,
  type MemberSource,
  type ReadLayers,
  readLayers,
  type ReadLayersOptions,
  type ReadMembers,
  type TellSettings,
} from "./lib/layers/read_layers.ts";
export {
  followRules,
  type FollowRulesOptions,
  type NamedLayer,
  treeOfLayers,
  type TreeRules,
} from "./lib/layers/rules.ts";
export {
  type BootOptions,
  bootTree,
  type SealedXattrs,
  type SealOptions,
  sealTree,
} from "./lib/layers/seal.ts";

export {
  type AppliedRule,
  type Reading,
  type RuleSet,
  sealedReadings,
  type Subject,
} from "./lib/compare/candidates.ts";
export {
  type Addition,
  type Change,
  changesOf,
  type Modification,
  type Removal,
  type Renaming,
} from "./lib/compare/changes.ts";
export {
  type Attribute,
  ATTRIBUTES,
  type ComparedFile,
  type Difference,
  differences,
  imageDifferences,
} from "./lib/compare/differences.ts";
export { diffLines, type Hunk, type HunkLine } from "./lib/compare/line_diff.ts";
export { type NeededObject, objectsToFetch } from "./lib/compare/fetch.ts";
export { explainDifference, type ExplainOptions, type Explanation } from "./lib/compare/explain.ts";
export {
  type DigestAnswer,
  explainDigest,
  type ExplainDigestOptions,
} from "./lib/compare/explain_digest.ts";
export type { Aspect, Rule, RuleCase, Towards, Way } from "./lib/compare/rule.ts";
export { RULES } from "./lib/compare/rules.ts";

export {
  type ContextPosition,
  FileContexts,
  parseFileContexts,
  type PolicyFile,
} from "./lib/selinux/file_contexts.ts";
export { labelTree, type LabelTreeOptions } from "./lib/selinux/label_tree.ts";
export { isPolicyPath, readPolicy, type ReadPolicyFile } from "./lib/selinux/policy.ts";
export { SelinuxPolicyError } from "./lib/selinux/policy_error.ts";

export { TarFiles } from "./lib/oci/archive.ts";
export type { ImageConfig, LayerBlob, OciImage, OpenImageOptions } from "./lib/oci/image.ts";
export { openImage as openContainerImage } from "./lib/oci/open.ts";
export { normalizeReference } from "./lib/oci/docker_reference.ts";
export type { NamedFiles } from "./lib/oci/named_files.ts";
export { OciError, type OciErrorCode } from "./lib/oci/oci_error.ts";
export { formatPlatform, parsePlatform, type Platform } from "./lib/oci/platform.ts";
export {
  type ImageReference,
  splitDockerArchiveReference,
  splitLayoutReference,
} from "./lib/oci/references.ts";
export { readChunkedLayer, type ReadChunkedLayerOptions } from "./lib/oci/read_chunked_layer.ts";
export { parseToc, type Toc, type TocChunk, type TocEntry, type TocFile } from "./lib/oci/toc.ts";
export {
  type ChunkedLayer,
  chunkedLayerOf,
  type CompressedPart,
  readTocBytes,
} from "./lib/oci/zstd_chunked.ts";

export { ImageFormatError } from "./lib/erofs/image_format_error.ts";

export {
  type BlockParameters,
  fsVerityDigest,
  fsVerityDigestOf,
  FsVerityHasher,
  type FsVerityHasherOptions,
  type FsVerityOptions,
} from "./lib/digest/fs_verity.ts";
export type { OtherParameters } from "./lib/digest/other_parameters.ts";
export {
  encodeFsVerityDescriptor,
  formatFsVerityDigest,
  type FsVerityDescriptor,
} from "./lib/digest/descriptor.ts";
export { Digest } from "./lib/digest/digest.ts";
export { MerkleTree, type MerkleTreeOptions } from "./lib/digest/merkle.ts";
export { type IntegrityCode, IntegrityError } from "./lib/digest/integrity_error.ts";
export { type ExpectedFile, HashTree } from "./lib/digest/hash_tree.ts";
export type {
  BlockReader,
  HashedBlocks,
  HashedFile,
  MerkleTreeSource,
} from "./lib/digest/tree_source.ts";
export { openVerified, type OpenVerifiedOptions } from "./lib/digest/verified_file.ts";
export type { BlockHasher, HashAlgorithm, MessageHasher } from "./lib/digest/hasher.ts";
export { type Hashers, installHashers } from "./lib/digest/sha2.ts";
export { portableHasher } from "./lib/digest/portable.ts";

export { type DataLayer, openContent, type OpenContentOptions } from "./lib/objects/data_layers.ts";
export {
  type CheckedObject,
  type ObjectChecker,
  type ObjectProblem,
  type ObjectToCheck,
  sequentialChecker,
} from "./lib/objects/check.ts";
export type { ObjectClaim } from "./lib/objects/claim.ts";
export { storeLayer } from "./lib/objects/store_layer.ts";
export { MemoryStore } from "./lib/objects/memory_store.ts";
export { objectPath } from "./lib/digest/object_path.ts";
export {
  type ObjectDraft,
  type ObjectReader,
  type ObjectStore,
  putObject,
  type StoredObject,
} from "./lib/objects/object_store.ts";

export { type File, memoryFile, readWhole, type Stretch } from "./lib/file/file.ts";

export {
  type MemoryDirectory,
  type MemoryFile,
  MemoryNode,
  type MemoryStat,
  memoryTree,
} from "./lib/tree/memory_tree.ts";
export { changeTree, type TreeChange, type TreeTransform } from "./lib/tree/change_tree.ts";
export { type Exclude, Excludes, type ExcludeState, parseExclude } from "./lib/tree/excludes.ts";
export { Glob } from "./lib/tree/glob.ts";
export { lookupPath } from "./lib/tree/lookup.ts";
export { type ScanOptions, scanTree } from "./lib/tree/scan.ts";
export type {
  Fingerprints,
  ListOptions,
  SourceEntry,
  SourceInfo,
  SourceTree,
  XattrFilter,
  XattrSelection,
} from "./lib/tree/source.ts";
export type {
  Content,
  Directory,
  Entry,
  ExternalContent,
  FileKind,
  Home,
  ImageForm,
  InlineContent,
  Leaf,
  Node,
  Regular,
  Special,
  Stat,
  Symlink,
  Tree,
  Xattr,
} from "./lib/tree/tree.ts";
export { PatternError } from "./lib/tree/pattern_error.ts";
export { pathOf, type Place } from "./lib/tree/place.ts";
export { statChange, type StatChanges, type Time } from "./lib/tree/stat_change.ts";
export { type Step, walk } from "./lib/tree/walk.ts";
export { TreeError, type TreeErrorCode } from "./lib/tree/tree_error.ts";
export { parseXattrPatterns, XATTR_LISTS } from "./lib/tree/xattr_patterns.ts";
