/** @file Functions of files, and of the host, as tests of this computer call them: with those of Node. */

import type { FileStore } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/node.ts";
import * as textTokenizersHuggingface from "../../src/text/tokenizers/huggingface.ts";
import * as textTokenizersTokenizerFiles from "../../src/text/tokenizers/tokenizer-files.ts";
import * as weightsDirectory from "../../src/weights/directory.ts";
import * as weightsPeft from "../../src/weights/peft.ts";
import * as weightsSafetensors from "../../src/weights/files/safetensors.ts";
import * as weightsSaveModel from "../../src/weights/save-model.ts";
import * as generateLoadModel from "../../src/generate/load-model.ts";
import * as exportExportModel from "../../src/export/export-model.ts";
import * as imagesDecode from "../../src/images/decode.ts";
import * as imagesFolder from "../../src/images/folder.ts";
import * as imagesProcessor from "../../src/images/processor.ts";
import * as predictClassifyImages from "../../src/predict/classify-images.ts";
import * as trainMergeAdapter from "../../src/train/output/merge-adapter.ts";
import * as trainMemory from "../../src/train/memory/memory.ts";
import * as labCompareDirectory from "../../src/lab/compare/directory.ts";
import * as labChartsPng from "../../src/lab/charts/png.ts";
import * as labSuitesExpandSuite from "../../src/lab/suites/expand-suite.ts";
import * as runsRunLog from "../../src/runs/run-log.ts";
import * as hubPublishTrainingRecord from "../../src/hub/publish/training-record.ts";
import * as tasksTokenizer from "../../src/tasks/reading/tokenizer.ts";

type Bound<F> = F extends (files: FileStore, ...args: infer A) => infer R
  ? (...args: A) => R
  : never;

const { files } = nodeHost();

const bound =
  <A extends readonly unknown[], R>(work: (files: FileStore, ...args: A) => R) =>
  (...args: A): R =>
    work(files, ...args);

export const loadTokenizer: Bound<typeof textTokenizersHuggingface.loadTokenizer> = bound(
  textTokenizersHuggingface.loadTokenizer,
);
export const findTokenizer: Bound<typeof textTokenizersTokenizerFiles.findTokenizer> = bound(
  textTokenizersTokenizerFiles.findTokenizer,
);
export const eachWeight: Bound<typeof weightsDirectory.eachWeight> = bound(
  weightsDirectory.eachWeight,
);
export const loadWeights: Bound<typeof weightsDirectory.loadWeights> = bound(
  weightsDirectory.loadWeights,
);
export const readConfig: Bound<typeof weightsDirectory.readConfig> = bound(
  weightsDirectory.readConfig,
);
export const loadAdapter: Bound<typeof weightsPeft.loadAdapter> = bound(weightsPeft.loadAdapter);
export const saveAdapter: Bound<typeof weightsPeft.saveAdapter> = bound(weightsPeft.saveAdapter);
export const openSafetensors: Bound<typeof weightsSafetensors.openSafetensors> = bound(
  weightsSafetensors.openSafetensors,
);
export const writeSafetensors: Bound<typeof weightsSafetensors.writeSafetensors> = bound(
  weightsSafetensors.writeSafetensors,
);
export const saveModel: Bound<typeof weightsSaveModel.saveModel> = bound(
  weightsSaveModel.saveModel,
);
export const loadImageModel: Bound<typeof generateLoadModel.loadImageModel> = bound(
  generateLoadModel.loadImageModel,
);
export const loadModel: Bound<typeof generateLoadModel.loadModel> = bound(
  generateLoadModel.loadModel,
);
export const exportModel: Bound<typeof exportExportModel.exportModel> = bound(
  exportExportModel.exportModel,
);
export const decodeImage: Bound<typeof imagesDecode.decodeImage> = bound(imagesDecode.decodeImage);
export const readImageFolder: Bound<typeof imagesFolder.readImageFolder> = bound(
  imagesFolder.readImageFolder,
);
export const loadImageProcessor: Bound<typeof imagesProcessor.loadImageProcessor> = bound(
  imagesProcessor.loadImageProcessor,
);
export const classifyImages: Bound<typeof predictClassifyImages.classifyImages> = bound(
  predictClassifyImages.classifyImages,
);
export const mergeAdapter: Bound<typeof trainMergeAdapter.mergeAdapter> = bound(
  trainMergeAdapter.mergeAdapter,
);
export const predictMemory: Bound<typeof trainMemory.predictMemory> = bound(
  trainMemory.predictMemory,
);
export const openDirectory: Bound<typeof labCompareDirectory.openDirectory> = bound(
  labCompareDirectory.openDirectory,
);
export const writeReports: Bound<typeof labCompareDirectory.writeReports> = bound(
  labCompareDirectory.writeReports,
);
export const svgToPng: Bound<typeof labChartsPng.svgToPng> = bound(labChartsPng.svgToPng);
export const expandSuite: Bound<typeof labSuitesExpandSuite.expandSuite> = bound(
  labSuitesExpandSuite.expandSuite,
);
export const readRunLog: Bound<typeof runsRunLog.readRunLog> = bound(runsRunLog.readRunLog);
export const readTrainingRecord: Bound<typeof hubPublishTrainingRecord.readTrainingRecord> = bound(
  hubPublishTrainingRecord.readTrainingRecord,
);
export const tokenizerOf: Bound<typeof tasksTokenizer.tokenizerOf> = bound(
  tasksTokenizer.tokenizerOf,
);
export const vocabularySizeOf: Bound<typeof tasksTokenizer.vocabularySizeOf> = bound(
  tasksTokenizer.vocabularySizeOf,
);
